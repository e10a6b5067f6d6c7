import BlemishSupport
import Foundation
import Testing

@Suite("Reading ahead") struct ReadingAheadTests {
  @Test func keepsTheOrder() {
    let paths = (0..<50).map { "\($0)" }
    var batches: [[String]] = []
    readBatches(of: paths, size: 8, { $0 }) { batches.append($0) }
    #expect(batches.map(\.count) == [8, 8, 8, 8, 8, 8, 2])
    #expect(batches.flatMap { $0 } == paths)
  }

  #if os(Linux)
    @Test func givesWayToWhatComputes() {
      let own = priority()
      let readers = ReadingAhead(["one", "another"]) { _ in priority() }.wait()
      #expect(readers == [19, 19])
      #expect(priority() == own)
    }
  #endif
}

#if os(Linux)
  /// The calling thread's; the lower the number, the more it gets.
  private func priority() -> Int32 { getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0) }
#endif
