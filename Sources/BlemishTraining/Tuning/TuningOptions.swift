import BlemishBackbones
import BlemishSynthesis

/// How the embedded backbone is tuned on the user's good pictures.
public struct TuningOptions: Sendable, Codable, Equatable {
  /// How it is trained; ``pixels`` sets the batch.
  public var schedule = SegmenterSchedule(
    steps: 12000, batch: 8, learningRate: 2e-3, warmUp: 100, weightDecay: 1e-4, positiveWeight: 2,
    diceWeight: 0.5, pictureWeight: 1)
  /// The pixels of a step: there are as many pictures as have about so many, an even number, so that a step's halves
  /// can be seen side by side.
  public var pixels = 8 * 256 * 256
  /// Pictures are tuned on as a whole, so that the network learns their borders; of those with longer sides, crops.
  public var longestSide = 512
  /// The largest change of a picture's contrast, as a part of it.
  public var contrastJitter = 0.15
  /// The largest change of a picture's brightness, of 1 from black to white.
  public var brightnessJitter = 0.05
  /// Whether the light on the whole picture is varied, too (`Lighting`); nil for not.
  public var variesLight: Bool?
  /// With what numbers the network is trained, never ``Precision/auto``; nil for single precision.
  public var precision: Precision?
  /// What is planted.
  public var defects = DefectRecipe.tuning
  /// How long the training may take, in minutes: the first steps are timed, and there are as many as fit. Nil for
  /// all of them.
  public var minutes: Double? = 20

  /// The standard choices.
  public init() {}

  /// The pictures of a step, of this size.
  func batch(height: Int, width: Int) -> Int {
    2 * max(Int((Double(pixels) / Double(2 * height * width)).rounded()), 1)
  }

  /// Below so many good pictures there is too little to tune on.
  static let fewestPictures = 8

  /// Checks that the numbers make a training.
  /// - Throws: ``PretrainingError`` that names the number.
  public func check() throws {
    try schedule.check()
    try SegmenterSchedule.check(pixels, "pixels", 1...1 << 30)
    try SegmenterSchedule.check(longestSide, "longestSide", 16...4096)
    try defects.check()
    try SegmenterSchedule.check(contrastJitter, "contrastJitter", 0...1)
    try SegmenterSchedule.check(brightnessJitter, "brightnessJitter", 0...1)
    if let minutes { try SegmenterSchedule.check(minutes, "minutes", 0...1e6) }
  }
}

extension DefectRecipe {
  /// What the embedded backbone is tuned with: pictures of parts are larger than those that are generated, and have
  /// room for relatively smaller defects. One at most, so that a picture's own marks are seen as often as they can be:
  /// what is learnt of them, that they are good, is half of what there is to learn. And areas, which the generated
  /// pictures, seldom of one part, have less often.
  static let tuning: DefectRecipe = {
    var recipe = DefectRecipe.standard
    recipe.none = 0.3
    recipe.most = 1
    recipe.scale = .init(0.25, 1.3)
    recipe.kinds[.area] = 0.2
    return recipe
  }()
}
