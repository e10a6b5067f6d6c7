import BlemishImaging
import BlemishMeasures

/// How the mask that is drawn on an anomalous picture agrees with its ground truth, at the picture's own size.
public struct MaskAgreement: Sendable, Equatable {
  /// Pixels of the defect that are drawn.
  public var truePositives: Int
  /// Pixels that are drawn.
  public var drawn: Int
  /// Pixels of the defect; at least one.
  public var defective: Int

  /// Counts; what is drawn may be nothing.
  public init(truePositives: Int, drawn: Int, defective: Int) {
    self.truePositives = truePositives
    self.drawn = drawn
    self.defective = defective
  }

  /// A mask beside the truth, which has its size; nil where the truth marks nothing.
  init?(_ mask: Mask, truth: Mask) {
    self.init(truePositives: 0, drawn: 0, defective: 0)
    for (drawn, defective) in zip(mask.pixels, truth.pixels) {
      truePositives += drawn && defective ? 1 : 0
      self.drawn += drawn ? 1 : 0
      self.defective += defective ? 1 : 0
    }
    guard defective > 0 else { return nil }
  }

  /// Intersection over union.
  public var intersectionOverUnion: Double {
    Double(truePositives) / Double(drawn + defective - truePositives)
  }
  /// Whether something is drawn on the defect.
  public var isFound: Bool { truePositives > 0 }
  /// The share of what is drawn that is the defect's, where something is drawn.
  public var precision: Double { Double(truePositives) / Double(drawn) }
  /// The share of the defect that is drawn.
  public var recall: Double { Double(truePositives) / Double(defective) }
  /// How many times as large as the defect what is drawn is.
  public var areaRatio: Double { Double(drawn) / Double(defective) }
}

/// Masks of many pictures, in figures.
struct MaskFigures {
  private let agreements: [MaskAgreement]
  private let found: [MaskAgreement]

  /// - Parameter drawn: how often each picture counts; nil for once.
  init(_ agreements: [MaskAgreement], drawn: [Int]? = nil) {
    self.agreements =
      drawn.map { zip(agreements, $0).flatMap { Array(repeating: $0, count: $1) } } ?? agreements
    found = self.agreements.filter(\.isFound)
  }

  private static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  /// Intersection over union, averaged over all pictures.
  var iou: Double? { Self.mean(agreements.map(\.intersectionOverUnion)) }
  /// The same over those whose defect is found.
  var foundIoU: Double? { Self.mean(found.map(\.intersectionOverUnion)) }
  /// Precision, averaged over those whose defect is found.
  var precision: Double? { Self.mean(found.map(\.precision)) }
  /// Recall, averaged over those whose defect is found.
  var recall: Double? { Self.mean(found.map(\.recall)) }
  /// The median ratio of areas of those whose defect is found.
  var areaRatio: Double? {
    guard !found.isEmpty else { return nil }
    let sorted = found.map(\.areaRatio).sorted()
    return (sorted[sorted.count / 2] + sorted[(sorted.count - 1) / 2]) / 2
  }

  /// The measures of masks, with what each is read from.
  static var measures: [(measure: Measure, value: (MaskFigures) -> Double?)] {
    [
      (.maskIoU, \.iou), (.foundMaskIoU, \.foundIoU), (.foundMaskPrecision, \.precision),
      (.foundMaskRecall, \.recall), (.foundMaskAreaRatio, \.areaRatio),
    ]
  }
}
