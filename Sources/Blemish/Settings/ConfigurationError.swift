/// What is wrong with a configuration.
public struct ConfigurationError: Error, CustomStringConvertible {
  /// What is wrong and what to do.
  public let description: String

  /// An error with its text.
  public init(_ description: String) { self.description = description }
}
