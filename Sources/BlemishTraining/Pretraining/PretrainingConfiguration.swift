import BlemishBackbones
import BlemishSynthesis

/// Every number that defines a pretraining: with the same ones it gives the same weights.
public struct PretrainingConfiguration: Sendable, Codable, Equatable {
  /// The network's sizes.
  public var network: EmbeddedArchitecture
  /// How it is trained.
  public var training: SegmenterSchedule
  /// With what numbers convolutions are trained, never ``Precision/auto``, which would be another run elsewhere.
  public var precision: Precision
  /// The side of the pictures.
  public var side: Int
  /// The seed of the first weights and of all pictures.
  public var seed: UInt64
  /// What is generated.
  public var pictures: PictureRecipe
  /// What is planted.
  public var defects: DefectRecipe
  /// What the finished weights are judged by.
  public var validation: Validation

  /// Generated pictures that are not trained on.
  public struct Validation: Sendable, Codable, Equatable {
    /// How many.
    public var pictures: Int
    /// Their seed.
    public var seed: UInt64
  }

  /// The configuration of the embedded weights' first run, which `recipes/embedded.yaml` holds as well.
  public static let standard: PretrainingConfiguration = {
    // Areas are few beside those in tuning: on a generated picture a border between two surfaces may be its own.
    var defects = DefectRecipe.standard
    defects.kinds[.area] = 0.1
    return PretrainingConfiguration(
      network: .standard,
      training: SegmenterSchedule(
        steps: 30_000, batch: 16, learningRate: 2e-3, warmUp: 100, weightDecay: 1e-4, positiveWeight: 2,
        diceWeight: 0.5, pictureWeight: 1),
      precision: .bfloat16, side: 128, seed: 0, pictures: .standard, defects: defects,
      validation: .init(pictures: 256, seed: 1))
  }()
}
