import BlemishTorch

/// What a detector makes of the prepared features of a batch of pictures, or of a tile of each.
public struct Response: Sendable {
  /// One tensor a scale, `[batch, channels, height, width]`, finest first. The sum of its squares over the channels is
  /// the *energy* of a place, from which the calibrated test learns: about as large as there are channels on good
  /// pictures, larger where something is improbable. A flow's are its latent variables z; a memory bank's is a distance.
  public var scales: [Tensor]
  /// How anomalous each picture is, `[batch]`, where it takes more to say so than the scales: the features themselves, for
  /// instance. Nil where ``Detector/maps(of:height:width:)`` finds it in the scales. A picture that is seen in tiles has
  /// the largest of its tiles' scores.
  public var pictureScore: Tensor?

  /// A response.
  public init(_ scales: [Tensor], pictureScore: Tensor? = nil) {
    self.scales = scales
    self.pictureScore = pictureScore
  }

  /// The larger of two scores of every picture; nil where neither is known.
  static func larger(_ first: Tensor?, _ second: Tensor?) -> Tensor? {
    guard let first, let second else { return first ?? second }
    return Tensor.stack([first, second]).amax([0])
  }
}
