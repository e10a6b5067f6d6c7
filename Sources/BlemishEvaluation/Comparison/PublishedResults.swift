import BlemishCore
import BlemishDatasets
import BlemishDetectors

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
  public static func all(
    _ format: DatasetFormat, categories: [String], detectors: DetectorCatalogue = .standard
  ) -> [PublishedResult] {
    if let known = Self.categories(format), !known.isSuperset(of: categories) { return [] }
    let own = detectors.all.flatMap { detector in
      detector.publishedFigures.filter { $0.dataset == format.rawValue }.map { figures in
        PublishedResult(
          method: figures.method, detector: detector.name,
          values: Dictionary(
            uniqueKeysWithValues: figures.values.compactMap { name, value in
              Measure(rawValue: name).map { ($0, value) }
            }), source: figures.source)
      }
    }
    return own + (format == .magneticTiles ? onMagneticTiles : [])
  }

  private static let onMagneticTiles = [
    ("1-NN", 0.8), ("DifferNet", 0.977), ("PatchCore", 0.979), ("CS-Flow", 0.993),
  ].map {
    PublishedResult(
      method: $0, values: [.imageAUROC: $1],
      source: "by others, with ImageNet features and another drawn split")
  }
}
