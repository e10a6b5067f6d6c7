/// The part of a data set that a picture belongs to.
public enum Split: String, Sendable, Codable, CaseIterable {
  /// Pictures to learn from; always good ones.
  case train
  /// Good pictures that some data sets set aside for choosing an epoch or a threshold.
  case validation
  /// Pictures to evaluate on, good and anomalous.
  case test
}

/// One picture of a data set and what is known about it.
public struct Sample: Hashable, Sendable {
  /// The defect type of a picture without defect.
  public static let good = "good"

  /// Where the picture is.
  public var path: String
  /// The picture's path inside the data set: stable when the data set moves.
  public var name: String
  /// What the picture is for.
  public var split: Split
  /// `"good"`, or the data set's own name of the defect.
  public var defectType: String
  /// Where the defect is marked. `nil` for an anomalous picture: not known. `nil` for a good one: nothing to
  /// mark.
  public var groundTruth: GroundTruth?
  /// What several pictures have in common that must not be torn apart by a split: a patient, a video.
  public var group: String?

  /// Whether the picture shows a defect.
  public var isAnomalous: Bool { defectType != Sample.good }

  /// Describes a picture; nothing is read.
  public init(
    path: String,
    name: String,
    split: Split,
    defectType: String = Sample.good,
    groundTruth: GroundTruth? = nil,
    group: String? = nil
  ) {
    self.path = path
    self.name = name
    self.split = split
    self.defectType = defectType
    self.groundTruth = groundTruth
    self.group = group
  }
}

/// Where a data set keeps the mask of an anomalous picture.
public enum GroundTruth: Hashable, Sendable {
  /// A picture of black and white, or one whose values or colours name the kinds of defects.
  case picture(String)
  /// Pictures whose every value but 0 is marked, because values name the kind of defect; together (by OR)
  /// they are the mask.
  case labels([String])
  /// One frame of a NumPy array of shape `[frames, height, width]`; every value but 0 is marked.
  case numpy(String, frame: Int)
}
