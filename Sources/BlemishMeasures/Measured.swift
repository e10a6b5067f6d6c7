/// A measure's value, or why there is none.
public enum Measured: Sendable, Equatable {
  /// The value.
  case value(Double)
  /// The measure is not defined for this data, and why not.
  case unavailable(reason: String)

  /// The value, if there is one.
  public var value: Double? {
    guard case .value(let value) = self else { return nil }
    return value
  }

  /// Why there is no value, if there is none.
  public var reason: String? {
    guard case .unavailable(let reason) = self else { return nil }
    return reason
  }
}
