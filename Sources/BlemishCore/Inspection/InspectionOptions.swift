/// Which a contrario test decides, and how strictly.
public struct InspectionOptions: Sendable, Codable, Equatable {
  /// The tests there are.
  public enum Test: String, Sendable, Codable, CaseIterable {
    /// The one whose background was learnt from good pictures; the published one for a model without.
    case calibrated
    /// The one for latents that are independent and standard normal, which counts all polyominoes.
    case published
  }

  /// Which test decides.
  public var test: Test
  /// How many false alarms per good picture are accepted on average.
  public var falseAlarms: Double

  /// The calibrated test with one accepted false alarm per good picture.
  public init(test: Test = .calibrated, falseAlarms: Double = 1) {
    self.test = test
    self.falseAlarms = falseAlarms
  }

  /// The options with the test that decides indeed: a model without a learnt background has but the published
  /// one.
  public func resolved(for configuration: ModelConfiguration) -> InspectionOptions {
    InspectionOptions(
      test: configuration.background == nil ? .published : test, falseAlarms: falseAlarms)
  }
}
