/// How often which defects are planted, and how strong they are.
public struct DefectRecipe: Sendable, Codable, Equatable {
  /// The shares of the kinds; they need not add up to 1.
  public var kinds: [SyntheticDefectKind: Double]
  /// The part of the pictures that stay without a defect.
  public var none: Double
  /// The most defects of a defective picture; there are as often one as any other number.
  public var most: Int
  /// How large defects are: each as in a picture whose shorter side is this part of the picture's.
  public var scale: PictureRecipe.ClosedInterval
  /// The faintest and the strongest change of brightness, of 1 from black to white.
  public var amplitude: PictureRecipe.ClosedInterval
  /// The mean change of brightness, over 3 x 3 pixels, from which a defect counts as visible.
  public var visible: Double

  /// The recipe of the embedded backbone.
  public static let standard = DefectRecipe(
    kinds: [
      .line: 0.2, .blob: 0.22, .foreignPiece: 0.12, .ownPiece: 0.08, .blur: 0.04, .warp: 0.04, .stain: 0.08,
      .noise: 0.08, .dots: 0.07, .tone: 0.07, .area: 0,
    ],
    none: 0.2, most: 3, scale: .init(0.5, 1.3), amplitude: .init(0.08, 0.6), visible: 0.012)
}
