/// How often generated pictures have what, and how strongly.
public struct PictureRecipe: Sendable, Codable, Equatable {
  /// The shares of the kinds of surface; they need not add up to 1.
  public var textures: [TextureKind: Double]
  /// The part of the pictures that are grey.
  public var grey: Double
  /// The part that show an object on a ground: an edge, a bar, a hole, a frame.
  public var contours: Double
  /// The part in which light falls off to a side or to the corners.
  public var lightGradients: Double
  /// The part that a lens blurs.
  public var blurred: Double
  /// The weakest and the strongest texture: standard deviations of brightness, of 1 from black to white.
  public var contrast: ClosedInterval
  /// The weakest and the strongest noise of the sensor: standard deviations.
  public var sensorNoise: ClosedInterval

  /// Two numbers, the smaller first.
  public struct ClosedInterval: Sendable, Codable, Equatable {
    /// The smaller.
    public var low: Double
    /// The larger.
    public var high: Double

    /// An interval.
    public init(_ low: Double, _ high: Double) {
      self.low = low
      self.high = high
    }

    func draw(_ random: inout SynthesisRandom) -> Float { random.logUniform(Float(low), Float(high)) }
  }

  /// The recipe of the embedded backbone.
  public static let standard = PictureRecipe(
    textures: [
      .waves: 0.2, .noise: 0.22, .weave: 0.12, .cells: 0.12, .streaks: 0.18, .blotches: 0.12, .plain: 0.04,
    ],
    grey: 0.5, contours: 0.15, lightGradients: 0.6, blurred: 0.5, contrast: ClosedInterval(0.01, 0.1),
    sensorNoise: ClosedInterval(0.002, 0.03))
}

extension TextureKind: CodingKeyRepresentable {}
