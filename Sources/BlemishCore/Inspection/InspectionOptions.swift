/// Which a contrario test decides, and at which limits, where they are not the model's own.
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
  /// How many false alarms per good picture are accepted on average; nil for the model's own number.
  public var falseAlarms: Double?
  /// Below which number of false alarms a picture is to be reviewed; nil for the model's own number.
  public var review: Double?

  /// The calibrated test at the model's own limits, but for those that are given.
  public init(test: Test = .calibrated, falseAlarms: Double? = nil, review: Double? = nil) {
    self.test = test
    self.falseAlarms = falseAlarms
    self.review = review
  }

  /// The options that lead to a rule.
  public init(_ rule: DecisionRule) {
    self.init(
      test: rule.test, falseAlarms: rule.operatingPoint.falseAlarms, review: rule.operatingPoint.review)
  }

  /// The rule by which a model decides with these options: one without a learnt background has but the published
  /// test.
  public func rule(for configuration: ModelConfiguration) -> DecisionRule {
    let own = configuration.operatingPoint ?? .logNFA0
    return DecisionRule(
      test: configuration.background == nil ? .published : test,
      operatingPoint: OperatingPoint(
        falseAlarms: falseAlarms ?? own.falseAlarms, review: review ?? own.review))
  }
}
