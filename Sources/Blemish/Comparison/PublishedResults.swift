import Datasets

/// A figure that a paper published for a whole data set, to stand beside ours.
public struct PublishedResult: Sendable, Codable, Equatable {
  /// The method as the paper calls it.
  public var method: String
  /// The detector here that computes the same; nil for other methods.
  public var detector: String?
  /// The means over the data set's categories.
  public var values: [Measure: Double]
  /// Where they stand.
  public var source: String

  /// The categories that a published data set has; nil where it has none.
  static func categories(_ format: DatasetFormat) -> Set<String>? {
    switch format {
    case .mvtecAD:
      [
        "carpet", "grid", "leather", "tile", "wood", "bottle", "cable", "capsule", "hazelnut", "metal_nut",
        "pill",
        "screw", "toothbrush", "transistor", "zipper",
      ]
    case .btad: ["01", "02", "03"]
    case .visa:
      [
        "candle", "capsules", "cashew", "chewinggum", "fryum", "macaroni1", "macaroni2", "pcb1", "pcb2",
        "pcb3", "pcb4",
        "pipe_fryum",
      ]
    default: nil
    }
  }

  /// The textures among the categories of MVTec AD; the others are objects.
  static let textures: Set = ["carpet", "grid", "leather", "tile", "wood"]

  /// What is known for a data set; nothing for one that only has a published one's layout.
  public static func all(_ format: DatasetFormat, categories: [String]) -> [PublishedResult] {
    if let known = Self.categories(format), !known.isSuperset(of: categories) { return [] }
    return all(format)
  }

  private static func all(_ format: DatasetFormat) -> [PublishedResult] {
    switch format {
    case .mvtecAD:
      [
        uflow([.pixelAUROC: 0.9874, .aupro: 0.9519, .meanIoUAtLogNFA0: 0.541, .meanIoUOracle: 0.545]),
        msflow([.imageAUROC: 0.997, .pixelAUROC: 0.988, .aupro: 0.971]),
      ]
    case .lggMRI: [uflow([.pixelAUROC: 0.9355, .aupro: 0.7174, .meanIoUAtLogNFA0: 0.147])]
    case .shanghaiTech: [uflow([.pixelAUROC: 0.8719, .aupro: 0.4754, .meanIoUAtLogNFA0: 0.495])]
    case .btad: [uflow([.pixelAUROC: 0.9813, .aupro: 0.8179, .meanIoUAtLogNFA0: 0.548])]
    case .visa: [msflow([.imageAUROC: 0.952, .pixelAUROC: 0.978])]
    case .magneticTiles:
      [("1-NN", 0.8), ("DifferNet", 0.977), ("PatchCore", 0.979), ("CS-Flow", 0.993)].map {
        PublishedResult(
          method: $0, values: [.imageAUROC: $1],
          source: "by others, with ImageNet features and another drawn split")
      }
    default: []
    }
  }

  // Both papers' programs keep the epoch that does best on the test set.
  private static func uflow(_ values: [Measure: Double]) -> PublishedResult {
    PublishedResult(
      method: "U-Flow", detector: UFlow.name, values: values,
      source:
        "arXiv 2211.12353, CaiT-M48 and CaiT-S24; mean over all categories, epoch chosen on the test set")
  }

  private static func msflow(_ values: [Measure: Double]) -> PublishedResult {
    PublishedResult(
      method: "MSFlow", detector: MSFlow.name, values: values,
      source: "arXiv 2308.15300, wide_resnet50_2; mean over all categories, epoch chosen on the test set")
  }
}
