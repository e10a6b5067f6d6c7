import Blemish

/// What is said of a picture.
public enum Verdict: String, Sendable, Codable, CaseIterable {
  case good, review, anomalous

  init(_ inspection: Inspection) { self = inspection.isAnomalous ? .anomalous : .good }
}
