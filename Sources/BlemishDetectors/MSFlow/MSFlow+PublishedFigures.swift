import BlemishCore

extension MSFlow {
  /// The published configuration.
  public static let benchmarks: [(backbone: String, size: Int)] = [(backbone: "wide_resnet50_2", size: 512)]

  /// The paper's means over all categories.
  public static let publishedFigures = [
    figures("mvtec-ad", ["image_auroc": 0.997, "pixel_auroc": 0.988, "aupro": 0.971]),
    figures("visa", ["image_auroc": 0.952, "pixel_auroc": 0.978]),
  ]

  private static func figures(_ dataset: String, _ values: [String: Double]) -> PublishedFigures {
    PublishedFigures(
      method: "MSFlow", dataset: dataset, values: values,
      source: "arXiv 2308.15300, wide_resnet50_2; mean over all categories, epoch chosen on the test set")
  }
}
