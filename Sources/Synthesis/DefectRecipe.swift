/// How often which defects are planted, and how strong they are.
public struct DefectRecipe: Sendable, Codable, Equatable {
  /// The shares of the kinds; they need not add up to 1.
  public var kinds: [SyntheticDefectKind: Double]
  /// The part of the pictures that stay without a defect.
  public var none: Double
  /// The part of the defective pictures that get a second defect.
  public var second: Double
  /// The part of the defective pictures that get one more.
  public var third: Double
  /// The faintest and the strongest change of brightness, of 1 from black to white.
  public var amplitude: PictureRecipe.ClosedInterval
  /// The mean change of brightness, over 3 x 3 pixels, from which a defect counts as visible.
  public var visible: Double

  /// The recipe of the embedded backbone.
  public static let standard = DefectRecipe(
    kinds: [
      .line: 0.2, .blob: 0.22, .foreignPiece: 0.12, .ownPiece: 0.08, .blur: 0.04, .warp: 0.04, .stain: 0.08,
      .noise: 0.08, .dots: 0.07, .tone: 0.07,
    ],
    none: 0.2, second: 0.35, third: 0.15, amplitude: .init(0.08, 0.6), visible: 0.012)
}
