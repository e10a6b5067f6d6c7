import BlemishTorch

extension Model {
  /// The evidence in prepared pictures `[batch, 3, height, width]`.
  public func evidence(in images: Tensor) -> Evidence {
    withoutGradient {
      let parts = configuration.seen(of: images)
      return blended { look in
        let seen = backbone.featuresAndEvidence(of: parts[look].to(device: device))
        return (detector.response(to: type(of: detector).prepared(seen.features)), seen.evidence)
      }
    }
  }

  /// The evidence in the whole of a picture: that of its tiles, one after the other, or of the only look at it. There is
  /// none outside the region of interest.
  package func blended(
    _ look: (Int) throws -> (response: Response, ofBackbone: Tensor?)
  ) rethrows -> Evidence {
    func evidence(_ response: Response, _ ofBackbone: Tensor?) -> Evidence {
      Evidence(
        response: configuration.regionOfInterest?.applied(to: response) ?? response, ofBackbone: ofBackbone,
        weighting: configuration.evidence)
    }
    guard let tiles = configuration.tiles else {
      let seen = try look(0)
      return evidence(seen.response, seen.ofBackbone)
    }
    var scales: [Tensor?] = []
    var pictureScore: Tensor?
    var ofBackbone: Tensor?
    for tile in 0..<tiles.count {
      let seen = try look(tile)
      if scales.isEmpty { scales = Array(repeating: nil, count: seen.response.scales.count) }
      for (scale, map) in seen.response.scales.enumerated() {
        tiles.add(map, of: tile, to: &scales[scale], device: device)
      }
      pictureScore = Response.larger(pictureScore, seen.response.pictureScore)
      if let map = seen.ofBackbone { tiles.add(map, of: tile, to: &ofBackbone, device: device) }
    }
    return evidence(Response(scales.compactMap { $0 }, pictureScore: pictureScore), ofBackbone)
  }
}
