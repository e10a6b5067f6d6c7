/// How well a plain Gaussian on a backbone's features finds what was planted in good pictures.
public struct TuningScore: Sendable, Codable, Equatable {
  /// AUROC over the pixels of the pictures with planted defects.
  public var pixelAUROC: Double
  /// AUROC of pictures with planted defects against the same pictures without.
  public var imageAUROC: Double

  /// What weights are chosen by.
  public var merit: Double { (pixelAUROC + imageAUROC) / 2 }
}
