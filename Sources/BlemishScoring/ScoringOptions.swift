import BlemishCore

/// How the pictures of a manifest are judged: everything that their results depend on beside pictures and models.
public struct ScoringOptions: Sendable, Codable, Equatable {
  /// The test and its limits.
  public var inspection = InspectionOptions()
  /// See `Finding.init(_:minimumArea:)`.
  public var minimumArea: Int?
  /// The side of a picture's pixel in millimetres; nil where it is not known.
  public var pixelSize: Double?
  /// Whether a line holds the SHA-256 of the picture's file.
  public var hashes = false
  /// Whether a picture that is unlike the training pictures is an error.
  public var refusesUnlike = false
  /// Pictures that a large network judges at a time.
  public var batch = 4
  /// With what numbers the models compute, in a word.
  public var precision = ""
  /// Pictures in a part.
  public var partSize = 500

  /// The usual choices.
  public init() {}
}
