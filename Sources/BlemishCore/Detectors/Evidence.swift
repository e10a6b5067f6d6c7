import BlemishTorch

/// All evidence of defects in a batch of pictures: how improbable the detector finds their features, and what the
/// backbone itself says of defects.
public struct Evidence {
  /// How the backbone's evidence counts beside the detector's. A calibration is of these numbers: they lie in the
  /// model's file.
  public struct Weighting: Sendable, Codable, Equatable {
    /// So much does the logarithm of an energy grow with one standard deviation of the backbone's evidence. 0.5 is
    /// about the logarithm's own deviation on good pictures, so that both count alike.
    public var strength = 0.5
    /// The backbone's evidence is cut off at so many standard deviations.
    public var limit = 20.0

    /// The standard weighting.
    public init() {}
  }

  /// The detector's response.
  public let response: Response
  /// The backbone's evidence `[batch, 1, height, width]`, of mean 0 and variance 1 on good pictures; nil where it has
  /// none.
  public let ofBackbone: Tensor?
  /// The response's scales with the backbone's evidence in them: multiplied by `exp(strength * evidence / 2)`, with the strongest
  /// evidence of each cell.
  public let joined: [Tensor]

  /// A detector's response, and the backbone's evidence beside it.
  public init(response: Response, ofBackbone: Tensor?, weighting: Weighting = Weighting()) {
    self.response = response
    self.ofBackbone = ofBackbone
    guard let ofBackbone else {
      joined = response.scales
      return
    }
    let root = ofBackbone.clamp(-weighting.limit, weighting.limit) * (weighting.strength / 2)
    joined = response.scales.map {
      $0 * root.adaptiveMaxPool2d(height: $0.size(2), width: $0.size(3)).exp()
    }
  }

  /// Maps and scores. Without the backbone's evidence they are the detector's own.
  ///
  /// With it, the map is `a / (1 + a)` for `a = -log` of the mean over the scales of
  /// `exp(-0.5 * mean over channels of r^2)` of the joined response r. It is ordered like one minus that mean, which is
  /// U-Flow's map, but does not become 1 for everything that is far from good.
  public func maps(of detector: any Detector, height: Int, width: Int) -> Maps {
    guard ofBackbone != nil else { return detector.maps(of: response, height: height, width: width) }
    let halves = Tensor.stack(
      joined.map { response in
        response.square().mean([1], keepingDimensions: true).interpolateBilinear(height: height, width: width)
          * 0.5
      })
    // The smallest is taken out, so that not every exponential can be 0.
    let least = -(-halves).amax([0])
    let a = (least - (least - halves).exp().mean([0]).log()).squeeze(1)
    let anomaly = a / (a + 1)
    return Maps(localization: anomaly, imageScore: anomaly.amax([1, 2]))
  }
}
