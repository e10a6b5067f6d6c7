/// How a model decides: by which test, at which limits.
public struct DecisionRule: Sendable, Codable, Equatable {
  /// The a contrario test that decides.
  public var test: InspectionOptions.Test
  /// The limits.
  public var operatingPoint: OperatingPoint

  /// A rule of a test and limits.
  public init(test: InspectionOptions.Test, operatingPoint: OperatingPoint) {
    self.test = test
    self.operatingPoint = operatingPoint
  }
}
