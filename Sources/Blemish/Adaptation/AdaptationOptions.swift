import Synthesis

/// How the embedded backbone is tuned on the user's good pictures.
public struct AdaptationOptions: Sendable, Codable, Equatable {
  /// How it is trained.
  public var schedule = SegmenterSchedule(
    steps: 2500, batch: 16, learningRate: 2e-3, warmUp: 100, weightDecay: 1e-4, positiveWeight: 2,
    diceWeight: 0.5)
  /// The side of the crops, where the pictures are large enough.
  public var crop = 128
  /// The largest change of a crop's contrast, as a part of it.
  public var contrastJitter = 0.1
  /// The largest change of a crop's brightness, of 1 from black to white.
  public var brightnessJitter = 0.05
  /// What is planted.
  public var defects = DefectRecipe.standard
  /// How long the training may take, in minutes: the first steps are timed, and there are as many as fit. Nil for
  /// all of them.
  public var minutes: Double? = 10

  /// The standard choices.
  public init() {}

  /// Below so many good pictures there is too little to tune on.
  static let fewestPictures = 8

  /// Checks that the numbers make a training.
  /// - Throws: ``ConfigurationError`` that names the number.
  public func check() throws {
    try schedule.check()
    try SegmenterSchedule.check(crop, "crop", 16...4096)
    try SegmenterSchedule.check(contrastJitter, "contrastJitter", 0...1)
    try SegmenterSchedule.check(brightnessJitter, "brightnessJitter", 0...1)
    if let minutes { try SegmenterSchedule.check(minutes, "minutes", 0...1e6) }
  }
}
