import BlemishBackbones
import BlemishCore

extension UFlow {
  /// The published configurations, the embedded backbone, and the one that needs no weights.
  public static let benchmarks: [(backbone: String, size: Int)] = [
    (backbone: "resnet18", size: 256), ("wide_resnet50_2", 448), ("mcait", 448), ("embedded", 256),
    ("seeded", 256),
  ]

  /// The paper's means over all categories.
  public static let publishedFigures = [
    figures(
      "mvtec-ad", ["pixel_auroc": 0.9874, "aupro": 0.9519, "miou_at_log_nfa_0": 0.541, "miou_oracle": 0.545]),
    figures("lgg-mri", ["pixel_auroc": 0.9355, "aupro": 0.7174, "miou_at_log_nfa_0": 0.147]),
    figures("shanghaitech", ["pixel_auroc": 0.8719, "aupro": 0.4754, "miou_at_log_nfa_0": 0.495]),
    figures("btad", ["pixel_auroc": 0.9813, "aupro": 0.8179, "miou_at_log_nfa_0": 0.548]),
  ]

  private static func figures(_ dataset: String, _ values: [String: Double]) -> PublishedFigures {
    PublishedFigures(
      method: "U-Flow", dataset: dataset, values: values,
      source:
        "arXiv 2211.12353, CaiT-M48 and CaiT-S24; mean over all categories, epoch chosen on the test set")
  }
}
