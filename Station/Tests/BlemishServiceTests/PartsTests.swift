import Foundation
import StationTestSupport
import Testing

@testable import BlemishService

@Suite struct PartsTests {
  @Test func multipartBodiesAreTakenApart() throws {
    let body = Array(
      "--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"x.png\"\r\nContent-Type: image/png\r\n\r\n\r\n--not\r\n--b\r\nContent-Disposition: form-data; name=\"c\"\r\n\r\n\r\n--b--\r\n"
        .utf8)
    let parts = try Multipart.parts(body, boundary: "b", most: 5)
    #expect(parts.map(\.name) == ["a", "c"] && parts[0].fileName == "x.png")
    #expect(parts[0].bytes == Array("\r\n--not".utf8) && parts[1].bytes.isEmpty)
    #expect(throws: WebError.self) { try Multipart.parts(body, boundary: "b", most: 1) }
    #expect(throws: WebError.self) { try Multipart.parts(Array(body.dropLast(6)), boundary: "b", most: 5) }
    #expect(throws: WebError.self) { try Multipart.parts([], boundary: "b", most: 5) }
    #expect(Multipart.boundary("Multipart/Form-Data; charset=x; boundary=\"q q\"") == "q q")
    #expect(Multipart.boundary("image/png") == nil)
  }

  @Test func mutatedMultipartBodiesEndInAnErrorOrInParts() {
    let body = Array("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nabc\r\n--b--\r\n".utf8)
    var random = SystemRandomNumberGenerator()
    for _ in 0..<5_000 {
      var changed = body
      for _ in 0..<Int.random(in: 1...4, using: &random) where !changed.isEmpty {
        let place = Int.random(in: changed.indices, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: changed[place] = UInt8.random(in: 0...255, using: &random)
        case 1: changed.remove(at: place)
        default: changed.removeSubrange(place...)
        }
      }
      _ = try? Multipart.parts(changed, boundary: "b", most: 3)
    }
  }

  @Test func metricsAreWrittenAsPrometheusReadsThem() {
    let metrics = Metrics()
    metrics.counter("a_total", "Counts.")
    metrics.histogram("h", "Spreads.", buckets: [1, 2])
    metrics.add("a_total", 2, [("x", "q\"\\\n")])
    for value in [0.5, 1, 1.5, 9] { metrics.observe("h", value, [("m", "1")]) }
    #expect(
      metrics.text == """
        # HELP a_total Counts.
        # TYPE a_total counter
        a_total{x="q\\"\\\\\\n"} 2
        # HELP h Spreads.
        # TYPE h histogram
        h_bucket{m="1",le="1"} 2
        h_bucket{m="1",le="2"} 3
        h_bucket{m="1",le="+Inf"} 4
        h_sum{m="1"} 12
        h_count{m="1"} 4

        """)
  }

  @Test func tokensLetTheirOwnersInUntilTheyAreTakenBack() throws {
    let folder = try TemporaryFolder()
    let file = TokenFile(folder: folder.path)
    let gate = Gate(.tokens, tokens: file)
    #expect(gate.caller(token: "") == nil)
    let token = try file.add(name: "line", role: .machine)
    #expect(throws: StationError.tokenExists(name: "line")) { try file.add(name: "line", role: .engineer) }
    #expect(gate.caller(token: token) == Caller(name: "line", role: .machine))
    #expect(gate.caller(token: token + "0") == nil)
    #expect(try !String(contentsOfFile: folder / "tokens.json", encoding: .utf8).contains(token.dropFirst(4)))
    let session = try gate.begin(Caller(name: "line", role: .machine))
    #expect(gate.caller(session: session)?.name == "line")
    try file.revoke(name: "line")
    #expect(gate.caller(token: token) == nil && gate.caller(session: session) == nil)
    #expect(throws: StationError.noToken(name: "line")) { try file.revoke(name: "line") }
  }

  /// RFC 4231, test case 2.
  @Test func signaturesAreHMAC() {
    let code = Digest.hmacSHA256(Array("what do ya want for nothing?".utf8), key: Array("Jefe".utf8))
    #expect(
      Digest.hexadecimal(code) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    #expect(
      Digest.hexadecimal(Digest.sha256(Array("abc".utf8)))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }

  /// Values of R's binom.test.
  @Test func intervalsAreClopperAndPearsons() {
    let share = Promise.Share(3, of: 50)
    #expect(abs(share.low - 0.01254859) < 1e-6 && abs(share.high - 0.16548195) < 1e-6)
    let none = Promise.Share(0, of: 20)
    #expect(none.low == 0 && abs(none.high - 0.1684335) < 1e-6)
    let all = Promise.Share(20, of: 20)
    #expect(all.high == 1 && abs(all.low - (1 - 0.1684335)) < 1e-6)
    #expect(Promise.Share(0, of: 0).share == nil)
    #expect(Promise.Share(300, of: 2_000).low < 0.15 && Promise.Share(300, of: 2_000).high > 0.15)
  }

  @Test func theMartingaleStaysSmallOnAGoodLineAndGrowsWhenItChanges() {
    var exceeded = 0
    for _ in 0..<200 {
      let drift = Drift()
      for _ in 0..<500 { drift.take(Double.random(in: -3...1), name: "m", hash: "1") }
      if drift.state(of: "m")!.pValue < 0.05 { exceeded += 1 }
    }
    // By Ville's inequality 10 of 200 at most are expected; 25 is more than four deviations above.
    #expect(exceeded < 25)
    let drift = Drift()
    for _ in 0..<300 { drift.take(Double.random(in: -1...1), name: "m", hash: "1") }
    for _ in 0..<100 { drift.take(Double.random(in: -2 ... -0.5), name: "m", hash: "1") }
    #expect(drift.state(of: "m")!.pValue < 1e-4)
    drift.take(0, name: "m", hash: "2")
    #expect(drift.state(of: "m")!.count == 1)
  }

  @Test func aStreamOfPicturesIsTakenApart() {
    let first: [UInt8] = [0xFF, 0xD8, 1, 2, 0xFF, 0, 0xFF, 0xD9]
    let second: [UInt8] = [0xFF, 0xD8, 3, 0xFF, 0xD9]
    for size in 1...13 {
      var splitter = JPEGSplitter(maximumBytes: 1_000)
      var pictures: [[UInt8]] = []
      let stream = first + second
      for start in stride(from: 0, to: stream.count, by: size) {
        pictures += splitter.take(stream[start..<min(start + size, stream.count)])
      }
      #expect(pictures == [first, second])
    }
    var bounded = JPEGSplitter(maximumBytes: 100)
    #expect(bounded.take([UInt8](repeating: 0xFF, count: 1_000)).isEmpty)
    #expect(bounded.take(second) == [second])
  }

  @Test func aConfigurationSaysWhatIsWrongWithIt() throws {
    let folder = try TemporaryFolder()
    func read(_ text: String) throws -> StationConfiguration {
      try text.write(toFile: folder / "a.yaml", atomically: true, encoding: .utf8)
      return try StationConfiguration(contentsOf: folder / "a.yaml")
    }
    func problem(_ text: String) -> String? {
      do {
        _ = try read(text)
        return nil
      } catch StationError.configuration(_, let reason) {
        return reason
      } catch {
        return "another error"
      }
    }
    #expect(problem("prot: 1") == "prot is not known")
    #expect(problem("port: 99999") == "port must be a whole number from 0 to 65535")
    #expect(problem("limits: {queue: 0}") == "limits.queue must be a whole number from 1 to 100000")
    #expect(problem("limits: {cue: 1}") == "limits.cue is not known")
    #expect(problem("sources: {a: {model: m}}") == "sources.a must have either folder or camera")
    #expect(problem("sources: {a: {folder: x}}") == "sources.a.model is missing")
    #expect(
      problem("sinks: {a: {webhook: 'ftp://x'}}") == "sinks.a.webhook must be an address with http or https")
    #expect(problem("sinks: {a: {folder: x, verdicts: fine}}") == "sinks.a.verdicts: fine is no verdict")
    #expect(problem("- a") == "must be keys and values")
    #expect(problem("a: [") != nil)
    let configuration = try read(
      "port: 9\nhistory: {days: 2, gigabytes: 0.5}\nsources: {s: {folder: in, model: m, move_to: out}}\n")
    #expect(configuration.port == 9 && configuration.days == 2 && configuration.historyBytes == 500_000_000)
    #expect(configuration.sources[0].kind == .folder(path: "in", moved: "out"))
    #expect(try read("").port == 8_080)
  }

  @Test func timesAreWrittenAndRead() {
    let date = Date(timeIntervalSince1970: 1_796_083_230.125)
    #expect(Timestamp.text(date) == "2026-12-01T00:00:30.125Z")
    #expect(Timestamp.date("2026-12-01T00:00:30.125Z").map { abs($0.timeIntervalSince(date)) < 1e-3 } == true)
    #expect(Timestamp.date("2026-12-01T00:00:30Z")?.timeIntervalSince1970 == 1_796_083_230)
    #expect(Timestamp.date("2026-12-01")?.timeIntervalSince1970 == 1_796_083_200)
    #expect(Timestamp.date("yesterday") == nil)
  }

  @Test func inspectionsHaveRisingNumbers() {
    let future = Int64(Date().timeIntervalSince1970 * 1e6) + 10_000_000
    let numbers = InspectionNumbers(after: future)
    #expect(numbers.next() == future + 1 && numbers.next() == future + 2)
  }
}
