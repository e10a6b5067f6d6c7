import Foundation

/// Numbers of inspections: microseconds since 1970, each larger than the one before, whatever the clock does.
final class InspectionNumbers: Sendable {
  private let last: Locked<Int64>

  init(after last: Int64) { self.last = Locked(last) }

  func next() -> Int64 {
    let now = Int64(Date().timeIntervalSince1970 * 1e6)
    return last.with { last in
      last = max(now, last + 1)
      return last
    }
  }
}
