/// What somebody may do; each role may do what those before it may.
public enum Role: String, Sendable, Codable, CaseIterable, Comparable {
  /// Has pictures judged.
  case machine
  /// Looks at the history, and says what parts are.
  case `operator`
  /// Changes models.
  case engineer

  /// Whether the first may do less.
  public static func < (left: Role, right: Role) -> Bool {
    allCases.firstIndex(of: left)! < allCases.firstIndex(of: right)!
  }
}

/// Who asks.
public struct Caller: Sendable, Equatable {
  /// The name of the token; `local` where none is needed.
  public var name: String
  /// What they may do.
  public var role: Role
}
