/// What an evaluation measures; docs/reference/figures.md defines each. The raw value is its name in JSON and CSV.
public enum Measure: String, Sendable, Codable, CaseIterable, CodingKeyRepresentable {
  /// Area under the ROC curve of the pictures' scores.
  case imageAUROC = "image_auroc"
  /// Average precision (area under the precision-recall curve) of the pictures' scores.
  case imageAveragePrecision = "image_average_precision"
  /// F1 of pictures at the best threshold of their scores in hindsight.
  case imageF1Best = "image_f1_best"
  /// F1 of pictures at log NFA = 0.
  case imageF1AtLogNFA0 = "image_f1_at_log_nfa_0"
  /// The share of the anomalous pictures with a region with log NFA < 0.
  case detectedAnomalousImages = "detected_anomalous_images"
  /// The share of the anomalous pictures with a region with log NFA < 0 that overlaps the defect.
  case detectedDefects = "detected_defects"
  /// Connected regions with log NFA < 0 per good picture.
  case falseAlarmsPerNormalImage = "false_alarms_per_normal_image"
  /// The share of the good pictures that are anomalous at the operating point.
  case stoppedNormalImages = "stopped_normal_images"
  /// The share of the good pictures that are to be reviewed at the operating point.
  case reviewedNormalImages = "reviewed_normal_images"
  /// The share of the anomalous pictures that are anomalous at the operating point.
  case stoppedAnomalousImages = "stopped_anomalous_images"
  /// The share of the anomalous pictures that are to be reviewed at the operating point.
  case reviewedAnomalousImages = "reviewed_anomalous_images"
  /// The share of the anomalous pictures in which a region overlaps the defect that makes them anomalous at the
  /// operating point.
  case stoppedDefects = "stopped_defects"
  /// Area under the ROC curve of the pixels' scores.
  case pixelAUROC = "pixel_auroc"
  /// Average precision (area under the precision-recall curve) of the pixels' scores.
  case pixelAveragePrecision = "pixel_average_precision"
  /// F1 of pixels at the best threshold of the anomaly map in hindsight.
  case pixelF1Best = "pixel_f1_best"
  /// F1 of pixels at log NFA = 0.
  case pixelF1AtLogNFA0 = "pixel_f1_at_log_nfa_0"
  /// Area under the per-region-overlap curve up to a false-positive rate of 0.3.
  case aupro
  /// Intersection over union at log NFA = 0, averaged over all pictures.
  case meanIoUAtLogNFA0 = "miou_at_log_nfa_0"
  /// Mean intersection over union at the best threshold of the log NFA map in hindsight.
  case meanIoUOracle = "miou_oracle"
  /// Mean intersection over union of the anomaly map at the fair threshold.
  case meanIoUAtFairThreshold = "miou_at_fair_threshold"
  /// Intersection over union at log NFA = 0 of the pixels of all pictures taken together.
  case pooledIoUAtLogNFA0 = "pooled_iou_at_log_nfa_0"
  /// The same at the best threshold in hindsight.
  case pooledIoUOracle = "pooled_iou_oracle"
  /// The same of the anomaly map at the fair threshold.
  case pooledIoUAtFairThreshold = "pooled_iou_at_fair_threshold"
  /// Intersection over union of the mask that is drawn, averaged over the anomalous pictures.
  case maskIoU = "mask_iou"
  /// The same at the threshold of the log NFA map that is best in hindsight for the anomalous pictures.
  case maskIoUOracle = "mask_iou_oracle"
  /// Intersection over union of the mask that is drawn, averaged over the pictures whose defect it touches.
  case foundMaskIoU = "found_mask_iou"
  /// The share of the mask that is the defect's, averaged over these.
  case foundMaskPrecision = "found_mask_precision"
  /// The share of the defect that is in the mask, averaged over these.
  case foundMaskRecall = "found_mask_recall"
  /// How many times as large as the defect the mask is: the median of these.
  case foundMaskAreaRatio = "found_mask_area_ratio"

  /// What tables call it.
  public var title: String {
    switch self {
    case .imageAUROC: "image AUROC"
    case .imageAveragePrecision: "image AU-PR"
    case .imageF1Best: "image F1, best"
    case .imageF1AtLogNFA0: "image F1 at log NFA 0"
    case .detectedAnomalousImages: "anomalous at log NFA 0"
    case .detectedDefects: "found at log NFA 0"
    case .falseAlarmsPerNormalImage: "false alarms at log NFA 0"
    case .stoppedNormalImages: "good stopped"
    case .reviewedNormalImages: "good to review"
    case .stoppedAnomalousImages: "anomalous stopped"
    case .reviewedAnomalousImages: "anomalous to review"
    case .stoppedDefects: "defects found"
    case .pixelAUROC: "pixel AUROC"
    case .pixelAveragePrecision: "pixel AU-PR"
    case .pixelF1Best: "pixel F1, best"
    case .pixelF1AtLogNFA0: "pixel F1 at log NFA 0"
    case .aupro: "AUPRO"
    case .meanIoUAtLogNFA0: "mIoU at log NFA 0"
    case .meanIoUOracle: "mIoU oracle"
    case .meanIoUAtFairThreshold: "mIoU fair"
    case .pooledIoUAtLogNFA0: "pooled IoU at log NFA 0"
    case .pooledIoUOracle: "pooled IoU oracle"
    case .pooledIoUAtFairThreshold: "pooled IoU fair"
    case .maskIoU: "mask IoU"
    case .maskIoUOracle: "mask IoU oracle"
    case .foundMaskIoU: "found: mask IoU"
    case .foundMaskPrecision: "found: precision"
    case .foundMaskRecall: "found: recall"
    case .foundMaskAreaRatio: "found: area ratio"
    }
  }

  /// Whether it lies between 0 and 1 and more is better.
  public var isShare: Bool {
    switch self {
    case .falseAlarmsPerNormalImage, .stoppedNormalImages, .reviewedNormalImages, .foundMaskAreaRatio: false
    default: true
    }
  }

  /// What the papers' tables show.
  public static let published: [Measure] = [
    .imageAUROC, .pixelAUROC, .aupro, .meanIoUAtLogNFA0, .meanIoUOracle, .meanIoUAtFairThreshold,
  ]
}
