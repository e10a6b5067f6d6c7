import Foundation

/// One of the equal parts that work is divided into, for as many processes: shard I of N, I from 0.
public struct Shard: Sendable, Equatable, CustomStringConvertible {
  /// Which one, from 0.
  public let index: Int
  /// How many there are.
  public let count: Int

  /// All of the work.
  public static let whole = Shard(unchecked: 0, of: 1)

  /// A shard of a number of them.
  /// - Throws: ``ShardError/range(index:count:)``.
  public init(_ index: Int, of count: Int) throws(ShardError) {
    guard count >= 1, count <= Self.largestCount, (0..<count).contains(index) else {
      throw .range(index: index, count: count)
    }
    self.init(unchecked: index, of: count)
  }

  /// The shard that a text such as `3/8` names.
  /// - Throws: ``ShardError``.
  public init(_ text: String) throws(ShardError) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1] else { throw .text(text) }
    try self.init(index, of: count)
  }

  /// The shard that a cluster has given this process: of a Kubernetes Indexed Job, a Slurm array or torchrun, the first
  /// of these that the environment tells of.
  /// - Throws: ``ShardError`` where it tells of none, or of half of one.
  public init(environment: [String: String]) throws(ShardError) {
    for convention in Convention.all {
      guard let text = environment[convention.index] else { continue }
      func number(_ name: String, _ text: String) throws(ShardError) -> Int {
        guard let number = Int(text) else { throw .variable(name: name, text: text) }
        return number
      }
      guard let total = environment[convention.count] else {
        throw .missing(variable: convention.count, beside: convention.index)
      }
      var index = try number(convention.index, text)
      if let first = convention.first, let text = environment[first] { index -= try number(first, text) }
      if let step = convention.step, let text = environment[step] {
        let step = try number(step, text)
        guard step > 0, index.isMultiple(of: step) else {
          throw .variable(name: convention.index, text: "\(index)")
        }
        index /= step
      }
      try self.init(index, of: number(convention.count, total))
      return
    }
    throw .noCluster(variables: Convention.all.map(\.index))
  }

  private init(unchecked index: Int, of count: Int) { (self.index, self.count) = (index, count) }

  private static let largestCount = 1_000_000

  /// The shard, of so many, that has the work of this name: the same on every machine and in every run.
  public static func index(of name: String, among count: Int) -> Int {
    let digest = SHA256.hash(Array(name.utf8))
    return Int(digest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } % UInt64(count))
  }

  /// Whether the work of this name is this shard's.
  public func has(_ name: String) -> Bool { Self.index(of: name, among: count) == index }

  /// As it is written.
  public var description: String { "\(index)/\(count)" }

  /// The variables in which a cluster says which of its processes one is.
  private struct Convention {
    var index: String
    var count: String
    var first: String?
    var step: String?

    static let all = [
      // Kubernetes sets the index alone; the Job's manifest repeats its `completions` as a variable.
      Convention(index: "JOB_COMPLETION_INDEX", count: "JOB_COMPLETIONS"),
      Convention(
        index: "SLURM_ARRAY_TASK_ID", count: "SLURM_ARRAY_TASK_COUNT", first: "SLURM_ARRAY_TASK_MIN",
        step: "SLURM_ARRAY_TASK_STEP"),
      Convention(index: "RANK", count: "WORLD_SIZE"),
    ]
  }
}

/// Why something names no shard.
public enum ShardError: Error, Equatable, CustomStringConvertible {
  /// A text is not two numbers such as 3/8.
  case text(String)
  /// The index is not from 0 to one less than the number of shards.
  case range(index: Int, count: Int)
  /// A variable of the environment is not the number that it should be.
  case variable(name: String, text: String)
  /// Of two variables that belong together one is missing.
  case missing(variable: String, beside: String)
  /// The environment says nothing of a cluster.
  case noCluster(variables: [String])

  /// Why.
  public var description: String {
    switch self {
    case .text(let text): "'\(printable(text))' is no shard; 0/8 is the first of eight, 7/8 the last"
    case .range(let index, let count):
      "there is no shard \(index)/\(count): they are counted from 0, up to one less than their number"
    case .variable(let name, let text): "\(name)=\(printable(text)) is not a number that names a shard"
    case .missing(let variable, let beside): "\(beside) is set, but \(variable), which belongs to it, is not"
    case .noCluster(let variables):
      "no cluster says which shard this is: none of \(variables.joined(separator: ", ")) is set"
    }
  }
}
