import Torch

/// What a model sees in a batch of pictures: how improbable their features are, and what the backbone itself knows of
/// defects.
public struct Sight {
  /// The detector's latents, one tensor a scale, `[batch, channels, height, width]`, finest first.
  public let z: [Tensor]
  /// The backbone's evidence `[batch, 1, height, width]`, of mean 0 and variance 1 on good pictures; nil where it has
  /// none.
  public let evidence: Tensor?
  /// The latents with the evidence in them: each multiplied by `exp(strength * evidence / 2)`, the strongest evidence
  /// of its cell.
  public let weighed: [Tensor]

  /// So much does the logarithm of an energy grow with a deviation of the evidence: about its own deviation, so that
  /// both count alike.
  private static let strength = 0.5
  /// Evidence beyond so many deviations says no more.
  private static let limit = 20.0

  /// Latents, and the evidence beside them.
  public init(z: [Tensor], evidence: Tensor?) {
    self.z = z
    self.evidence = evidence
    guard let evidence else {
      weighed = z
      return
    }
    let root = evidence.clamp(-Self.limit, Self.limit) * (Self.strength / 2)
    weighed = z.map { $0 * root.adaptiveMaxPool2d(height: $0.size(2), width: $0.size(3)).exp() }
  }

  /// The detector's maps; where there is evidence, `a / (1 + a)` for `a = -log` of the mean over the scales of
  /// `exp(-0.5 * mean over channels of z^2)` of the weighed latents: ordered like one minus that mean, which is U-Flow's
  /// map, but not 1 for all that is far from good.
  public func maps(of detector: any Detector, height: Int, width: Int) -> Maps {
    guard evidence != nil else { return detector.maps(z, height: height, width: width) }
    let halves = Tensor.stack(
      weighed.map { z in
        z.square().mean([1], keepingDimensions: true).interpolateBilinear(height: height, width: width) * 0.5
      })
    // The smallest taken out, no exponential is 0 everywhere.
    let least = -(-halves).amax([0])
    let a = (least - (least - halves).exp().mean([0]).log()).squeeze(1)
    let anomaly = a / (a + 1)
    return Maps(localization: anomaly, imageScore: anomaly.amax([1, 2]))
  }
}

extension Model {
  /// What the model sees in prepared pictures `[batch, 3, height, width]`.
  public func see(_ images: Tensor) -> Sight {
    withoutGradient {
      let parts = configuration.seen(of: images)
      return blended { look in
        let seen = backbone.see(parts[look].to(device: device))
        return (detector(seen.features).z, seen.evidence)
      }
    }
  }

  /// What the model sees in a picture whose features a training has kept, for a backbone without evidence.
  /// - Throws: the error of a picture that can no longer be read.
  func see(_ pictures: TrainingFeatures, _ index: Int) throws -> Sight {
    let first = index * configuration.looks
    return try withoutGradient {
      try blended { (detector.latents(try pictures.batch([first + $0])).z, nil) }
    }
  }

  /// The whole of what is seen in all tiles, one after the other, or the only look.
  private func blended(_ look: (Int) throws -> (z: [Tensor], evidence: Tensor?)) rethrows -> Sight {
    guard let tiles = configuration.tiles else {
      let seen = try look(0)
      return Sight(z: seen.z, evidence: seen.evidence)
    }
    var z = [Tensor?](repeating: nil, count: configuration.features.count)
    var evidence: Tensor?
    for tile in 0..<tiles.count {
      let seen = try look(tile)
      for (scale, map) in seen.z.enumerated() { tiles.add(map, of: tile, to: &z[scale], device: device) }
      if let map = seen.evidence { tiles.add(map, of: tile, to: &evidence, device: device) }
    }
    return Sight(z: z.compactMap { $0 }, evidence: evidence)
  }

  /// The latents of prepared pictures `[batch, 3, height, width]`, one tensor a scale, finest first, over the whole
  /// picture.
  public func latents(_ images: Tensor) -> [Tensor] { see(images).z }
}
