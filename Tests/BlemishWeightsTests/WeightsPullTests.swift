import BlemishDatasets
import BlemishFiles
import Foundation
import TestSupport
import Testing

@testable import BlemishBackbones
@testable import BlemishWeights

@Suite struct WeightsPullTests {
  let fixture: WeightsFixture

  init() throws { fixture = try WeightsFixture() }

  /// Pulls, and expects the weights to lie whole in the cache and nothing beside them.
  func expectPulled(from server: LoopbackServer, sourceLocation: SourceLocation = #_sourceLocation)
    async throws
  {
    let pulled = try await fixture.cache(from: server).pull("tiny")
    #expect(pulled.map(\.name) == ["tiny"], sourceLocation: sourceLocation)
    #expect(fixture.cached == ["tiny.safetensors"], sourceLocation: sourceLocation)
    let weights = try SafeTensors.read(try #require(pulled.first).path)
    #expect(weights.tensors.keys.sorted() == ["stem.bias", "stem.weight"], sourceLocation: sourceLocation)
    let same = weights.tensors.allSatisfy { $0.value.bytes == fixture.tensors[$0.key]?.bytes }
    #expect(same, sourceLocation: sourceLocation)
    #expect(weights.metadata["sha256"] == fixture.hash, sourceLocation: sourceLocation)
  }

  /// Pulls, and expects an error that says all of the words, and no weights.
  func expectFailure(
    from server: LoopbackServer,
    _ words: String...,
    leaving left: [String] = [],
    bytes: Int? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async {
    do {
      _ = try await fixture.cache(from: server, bytes: bytes).pull("tiny")
      Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    } catch {
      for word in words { #expect("\(error)".contains(word), "\(error)", sourceLocation: sourceLocation) }
    }
    #expect(fixture.cached == left, sourceLocation: sourceLocation)
  }

  @Test func fetchesOnceAndSaysHowFarItIs() async throws {
    let server = try LoopbackServer(fixture.file)
    var progress: [DownloadProgress] = []
    let pulled = try await fixture.cache(from: server).pull("tiny") { progress.append($0) }
    #expect(pulled.first?.check == .agrees(digits: 64))
    #expect(progress.first == .received(name: "tiny", bytes: 0, total: fixture.file.count))
    #expect(progress.last == .received(name: "tiny", bytes: fixture.file.count, total: fixture.file.count))
    // The mirror has the published address's path.
    #expect(server.requests.map(\.line) == ["GET /mirror/models/tiny.pth HTTP/1.1"])
    #expect(try await fixture.cache(from: server).pull("tiny").isEmpty)
    #expect(server.requests.count == 1)
    #expect(fixture.cache().rows.map(\.path) == [fixture.folder + "/home/backbones/tiny.safetensors"])
  }

  @Test func goesOnWhereAConnectionBroke() async throws {
    let server = try LoopbackServer(fixture.file, drops: [50_000, 40_000])
    try await expectPulled(from: server)
    let starts = server.requests.map(\.start)
    #expect(starts.count == 3 && starts[0] == 0)
    #expect((1...50_000).contains(starts[1]) && (starts[1] + 1...90_000).contains(starts[2]), "\(starts)")
    #expect(server.requests.map { $0.headers["if-range"] } == [nil, "\"1\"", "\"1\""])
  }

  @Test func goesOnInALaterCall() async throws {
    let broken = try LoopbackServer { [file = fixture.file] request, index in
      index == 0
        ? LoopbackServer.ranged(file, request, tag: "\"1\"", drops: 60_000) : .init(status: "403 Forbidden")
    }
    await expectFailure(from: broken, "403", leaving: ["tiny.part", "tiny.part.from"])
    // Another address: what has come may be of another file.
    let other = try LoopbackServer(fixture.file, drops: [10_000])
    try await expectPulled(from: other)
    #expect(other.requests.count == 2 && other.requests[0].start == 0 && other.requests[1].start <= 10_000)
  }

  @Test func aLaterCallAsksForTheRestAtTheSameAddress() async throws {
    let server = try LoopbackServer { [file = fixture.file] request, index in
      index == 1
        ? .init(status: "403 Forbidden")
        : LoopbackServer.ranged(file, request, tag: "\"1\"", drops: index == 0 ? 60_000 : nil)
    }
    await expectFailure(from: server, "403", leaving: ["tiny.part", "tiny.part.from"])
    try await expectPulled(from: server)
    #expect((1...60_000).contains(server.requests[2].start))
  }

  @Test func aFileThatHadComeWholeIsNotFetchedAgain() async throws {
    let server = try LoopbackServer(fixture.file)
    let cache = fixture.cache(from: server)
    try cache.makeFolder()
    try fixture.file.write(to: URL(fileURLWithPath: cache.folder + "/tiny.part"))
    try "\(server.address)/mirror/models/tiny.pth\n\"1\"".write(
      toFile: cache.folder + "/tiny.part.from",
      atomically: true,
      encoding: .utf8
    )
    try await expectPulled(from: server)
    #expect(server.requests.map(\.start) == [fixture.file.count])
  }

  @Test func aRestOfUnknownOriginIsNotContinued() async throws {
    let server = try LoopbackServer(fixture.file)
    let cache = fixture.cache(from: server)
    try cache.makeFolder()
    try Data(repeating: 7, count: 1000).write(to: URL(fileURLWithPath: cache.folder + "/tiny.part"))
    try await expectPulled(from: server)
    #expect(server.requests.map(\.start) == [0])
  }

  @Test func saysThatNobodyListens() async throws {
    fixture.environment["BLEMISH_WEIGHTS_URL"] = "http://127.0.0.1:1"
    let error = await #expect(throws: WeightsError.self) { try await fixture.cache().pull("tiny") }
    guard case .unreachable(_, reason: "Connection refused", bytes: 0)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    fixture.environment["BLEMISH_WEIGHTS_URL"] = "weights"
    await #expect(throws: WeightsError.self) { try await fixture.cache().pull("tiny") }
    #expect(fixture.cached == [])
  }

  @Test func startsAgainWithAServerThatKnowsNoRanges() async throws {
    let server = try LoopbackServer { [file = fixture.file] _, index in
      .init(body: file, drops: index == 0 ? 50_000 : nil)
    }
    try await expectPulled(from: server)
    #expect(server.requests.count == 2)
  }

  @Test func startsAgainWhenTheFileHasChanged() async throws {
    let server = try LoopbackServer { [file = fixture.file] request, index in
      index == 0
        ? LoopbackServer.ranged(Data(repeating: 7, count: file.count), request, tag: "\"old\"", drops: 50_000)
        : LoopbackServer.ranged(file, request, tag: "\"new\"")
    }
    try await expectPulled(from: server)
  }

  @Test func startsAgainWhenAnotherPartComes() async throws {
    let server = try LoopbackServer { [file = fixture.file] request, index in
      switch index {
      case 0: LoopbackServer.ranged(file, request, tag: "\"1\"", drops: 50_000)
      case 1:
        // As long as the part that was asked for.
        .init(
          status: "206 Partial Content",
          headers: ["Content-Range": "bytes 4-\(file.count - request.start + 3)/\(file.count)"],
          body: file[4..<file.count - request.start + 4]
        )
      default: LoopbackServer.ranged(file, request, tag: "\"1\"")
      }
    }
    try await expectPulled(from: server)
    #expect(server.requests.count == 3 && server.requests[1].start > 0 && server.requests[2].start == 0)
  }

  @Test func startsAgainWhenThereIsNoSuchPart() async throws {
    let server = try LoopbackServer { [file = fixture.file] request, index in
      switch index {
      case 0: LoopbackServer.ranged(file, request, tag: "\"1\"", drops: 50_000)
      case 1: .init(status: "416 Range Not Satisfiable", headers: ["Content-Range": "bytes */40000"])
      default: LoopbackServer.ranged(file, request, tag: "\"1\"")
      }
    }
    try await expectPulled(from: server)
  }

  @Test func givesUpOnAConnectionThatAlwaysBreaksAtTheSamePlace() async throws {
    let server = try LoopbackServer { [file = fixture.file] _, _ in .init(body: file, drops: 50_000) }
    await expectFailure(
      from: server,
      "cannot be fetched",
      leaving: ["tiny.part", "tiny.part.from"]
    )
    // How much of it comes before the break is noticed differs a little, and more than ever before counts as new.
    #expect((3...9).contains(server.requests.count))
  }

  @Test func waitsForAServerThatIsBusy() async throws {
    let server = try LoopbackServer { [file = fixture.file] request, index in
      index < 2
        ? .init(status: index == 0 ? "500 Internal Server Error" : "429 Too Many Requests")
        : LoopbackServer.ranged(file, request, tag: "\"1\"")
    }
    try await expectPulled(from: server)
  }

  @Test func doesNotWaitForAFileThatIsNotThere() async throws {
    let server = try LoopbackServer { _, _ in .init(status: "404 Not Found") }
    await expectFailure(from: server, "404", "/mirror/models/tiny.pth")
    #expect(server.requests.count == 1)
  }

  @Test func deletesWhatHasTheWrongHash() async throws {
    var damaged = fixture.file
    damaged[damaged.count - 1] ^= 1
    let server = try LoopbackServer(damaged)
    await expectFailure(from: server, "SHA-256", fixture.hash ?? "", "deleted")
  }

  @Test func checksTheFirstDigitsWhereOnlyTheyAreKnown() async throws {
    let server = try LoopbackServer(fixture.file)
    let whole = try #require(fixture.hash)
    fixture.hash = "00000000"
    await expectFailure(from: server, "not 00000000 as expected", whole)
    fixture.hash = String(whole.prefix(8))
    #expect(try await fixture.cache(from: server).pull("tiny").first?.check == .agrees(digits: 8))
  }

  @Test func saysWhenNoHashIsKnownAndRefusesAPageInstead() async throws {
    fixture.hash = nil
    let page = try LoopbackServer(Data("<html>Please log in</html>".utf8))
    await expectFailure(from: page, "is not a weight file", "/mirror/models/tiny.pth")
    let server = try LoopbackServer(fixture.file)
    #expect(try await fixture.cache(from: server).pull("tiny").first?.check == .unknown)
  }

  @Test func takesTheHashThatARedirectNames() async throws {
    let hash = try #require(fixture.hash)
    fixture.hash = nil
    let server = try LoopbackServer { [file = fixture.file] request, _ in
      request.line.contains("/storage")
        ? LoopbackServer.ranged(file, request, tag: "\"1\"")
        : .init(status: "302 Found", headers: ["Location": "/storage", "X-Linked-ETag": "\"\(hash)\""])
    }
    #expect(try await fixture.cache(from: server).pull("tiny").first?.check == .agrees(digits: 64))
    let liar = try LoopbackServer { [file = fixture.file] request, _ in
      request.line.contains("/storage")
        ? LoopbackServer.ranged(file + [0], request, tag: "\"1\"")
        : .init(status: "302 Found", headers: ["Location": "/storage", "X-Linked-ETag": "\"\(hash)\""])
    }
    try FileManager.default.removeItem(atPath: fixture.folder + "/home/backbones/tiny.safetensors")
    await expectFailure(from: liar, "SHA-256", hash)
  }

  @Test func followsFiveRedirects() async throws {
    let server = try LoopbackServer { [file = fixture.file] request, index in
      index < 5
        ? .init(status: "302 Found", headers: ["Location": "/\(index)"], body: Data("elsewhere".utf8))
        : LoopbackServer.ranged(file, request, tag: "\"1\"")
    }
    try await expectPulled(from: server)
    try FileManager.default.removeItem(atPath: fixture.folder + "/home/backbones/tiny.safetensors")
    let endless = try LoopbackServer { _, _ in .init(status: "302 Found", headers: ["Location": "/again"]) }
    await expectFailure(from: endless, "cannot be fetched", "redirects")
    #expect(endless.requests.count == 6)
  }

  @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/tiny.pth", ""])
  func followsRedirectsToNothingElse(location: String) async throws {
    let server = try LoopbackServer { _, _ in .init(status: "302 Found", headers: ["Location": location]) }
    await expectFailure(from: server, location.isEmpty ? "302 Found" : "rotocol")
    #expect(server.requests.count == 1)
  }

  @Test func failsOnAnAnswerThatIsNone() async throws {
    let server = try LoopbackServer { [file = fixture.file] request, index in
      index == 0 ? .init(body: file, drops: 0) : .init(status: "\r\n\r\n")
    }
    await expectFailure(from: server, "/mirror/models/tiny.pth")
  }

  @Test func stopsAtAFileThatIsMuchTooLarge() async throws {
    let server = try LoopbackServer(fixture.file)
    await expectFailure(from: server, "too many for tiny", bytes: 1000)
  }

  @Test func stopsWaitingForASilentServer() async throws {
    let server = try LoopbackServer { [file = fixture.file] _, _ in .init(body: file, delay: 600) }
    fixture.silence = 1
    let start = ContinuousClock.now
    await expectFailure(from: server, "timeout", leaving: ["tiny.part", "tiny.part.from"])
    #expect(ContinuousClock.now - start < .seconds(500))
  }

  @Test func saysThatTheDiskIsFull() async throws {
    let folder = fixture.folder + "/home/backbones"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: folder + "/tiny.part",
      withDestinationPath: "/dev/full"
    )
    let server = try LoopbackServer(fixture.file)
    await expectFailure(from: server, "the disk is full")
  }

  @Test func refusesAFolderThatCannotBeMade() async throws {
    fixture.environment["BLEMISH_HOME"] = "/dev/null"
    let server = try LoopbackServer(fixture.file)
    await expectFailure(from: server, "/dev/null/backbones")
  }

  @Test func twoProcessesDoNotWriteTheSameFile() async throws {
    let server = try LoopbackServer(fixture.file)
    let cache = fixture.cache(from: server)
    try cache.makeFolder()
    let other = try PartialFile(path: cache.folder + "/tiny.part", address: "elsewhere", hasHash: true)
    await expectFailure(from: server, "another process", leaving: ["tiny.part", "tiny.part.from"])
    other.delete()
  }

  @Test func goesThroughAProxy() async throws {
    let proxy = try LoopbackServer { [file = fixture.file] request, _ in
      request.line.hasPrefix("CONNECT") ? .init() : LoopbackServer.ranged(file, request, tag: "\"1\"")
    }
    fixture.environment["HTTP_PROXY"] = "http://user:word@127.0.0.1:\(proxy.port)"
    fixture.environment["BLEMISH_WEIGHTS_URL"] = "http://weights.invalid"
    #expect(try await fixture.cache().pull("tiny").count == 1)
    #expect(
      proxy.requests.map(\.line) == ["CONNECT weights.invalid:80 HTTP/1.1", "GET /models/tiny.pth HTTP/1.1"]
    )
    #expect(proxy.requests.first?.headers["proxy-authorization"] == "Basic dXNlcjp3b3Jk")
  }

  @Test func cancellingKeepsWhatHasCome() async throws {
    let server = try LoopbackServer { [file = fixture.file] request, _ in
      var reply = LoopbackServer.ranged(file, request, tag: "\"1\"")
      reply.delay = 300
      return reply
    }
    let cache = fixture.cache(from: server)
    let (arrivals, arrival) = AsyncStream<Void>.makeStream()
    let task = Task {
      try await cache.pull("tiny") { progress in
        if case .received(_, 1..., _) = progress { arrival.yield() }
      }.count
    }
    _ = await arrivals.first { true }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(fixture.cached == ["tiny.part", "tiny.part.from"])
  }
}
