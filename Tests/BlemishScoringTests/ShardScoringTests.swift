import BlemishCore
import BlemishDetectors
import BlemishScoring
import BlemishSupport
import BlemishTraining
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite struct ShardScoringTests {
  /// Pictures, and two models of them.
  private final class Cloth: Sendable {
    let folder: String
    let pictures: [String]
    var model: String { folder + "/cloth.blemish" }
    var other: String { folder + "/other.blemish" }

    static let shared = Result { try Cloth() }

    private init() throws {
      folder = NSTemporaryDirectory() + "/blemish-scoring-" + UUID().uuidString
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let data = try TinyData(folder: folder)
      for (name, seed) in [("cloth", 0), ("other", 1)] {
        var options = data.options
        options.seed = UInt64(seed)
        options.cacheLimit = 0
        let session = try TrainingSession(
          try .read(data.path), at: data.path, output: "\(folder)/\(name).blemish", options: options,
          report: { _ in })
        guard try session.run() == .finished else { throw CancellationError() }
      }
      let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
      pictures = names.filter { $0.hasSuffix(".png") && !$0.contains("ground_truth") }.sorted()
    }

    /// A manifest in the folder.
    func manifest(_ lines: [String]) throws -> Manifest {
      let path = "\(folder)/list-\(UUID().uuidString).txt"
      try Data(lines.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: path))
      return Manifest(path)
    }
  }

  private let cloth: Cloth
  init() throws { cloth = try Cloth.shared.get() }

  private func options(_ size: Int = 3) -> ScoringOptions {
    var options = ScoringOptions()
    options.partSize = size
    return options
  }

  private var quick: ShardScoring.Reading {
    var reading = ShardScoring.Reading()
    (reading.attempts, reading.pause, reading.connections) = (2, 0.01, 3)
    return reading
  }

  private func model(_ path: String?) throws -> Model { try Model(contentsOf: path ?? cloth.model) }

  @discardableResult private func score(
    _ manifest: Manifest, _ shard: String = "0/1", into folder: String, _ options: ScoringOptions? = nil
  ) throws -> ShardScoring.Outcome {
    try ShardScoring(
      manifest, shard: Shard(shard), folder: folder, model: Model.configuration(ofFile: cloth.model).file,
      options: options ?? self.options(), reading: quick
    ).run(model: model)
  }

  /// The parts of a folder, by name.
  private func parts(_ folder: String) throws -> [String: String] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".jsonl") }
    return Dictionary(
      uniqueKeysWithValues: try names.map {
        ($0, try String(contentsOfFile: "\(folder)/\($0)", encoding: .utf8))
      })
  }

  private func merged(_ folder: String) throws -> (
    summary: ScoringSummary, lines: [ScoringMerge.Line], missing: [String], double: [String]
  ) {
    var (lines, missing, double): ([ScoringMerge.Line], [String], [String]) = ([], [], [])
    let summary = try ScoringMerge(folder: folder).forEach(
      line: { lines.append($0) }, missing: { missing.append($0) }, double: { double.append($0) })
    return (summary, lines, missing, double)
  }

  @Test func aPictureIsJudgedAsPredictJudgesIt() throws {
    try withFolder { folder in
      try score(try cloth.manifest(cloth.pictures), into: folder)
      let model = try model(nil)
      var found: [String: FindingJSON] = [:]
      for case .finding(let finding) in try merged(folder).lines { found[finding.path] = finding }
      #expect(found.count == cloth.pictures.count)
      for picture in cloth.pictures {
        let finding = try Finding(model.inspect(contentsOf: "\(cloth.folder)/\(picture)"))
        var expected = FindingJSON(finding, model: model.configuration.file, time: nil, id: picture)
        expected.path = picture
        #expect(found[picture] == expected)
      }
    }
  }

  @Test func aPartThatIsThereIsNotComputedAgainAndALostOneComesBackTheSame() throws {
    try withFolder { folder in
      let manifest = try cloth.manifest(cloth.pictures)
      for shard in ["1/2", "0/2"] { try score(manifest, shard, into: folder) }
      let all = try parts(folder)
      #expect(all.count > 3)
      let lost = try #require(all.keys.sorted().first)
      let kept = try #require(all.keys.sorted().last)
      unlink("\(folder)/\(lost)")
      try Data("kept\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(kept)"))
      for shard in ["0/2", "1/2"] { try score(manifest, shard, into: folder) }
      var expected = all
      expected[kept] = "kept\n"
      #expect(try parts(folder) == expected)
      #expect(try merged(folder).summary.damagedParts == [kept])
    }
  }

  @Test func everyRowHasTheModelThatItNames() throws {
    try withFolder { folder in
      let lines = cloth.pictures.enumerated().map { index, path in
        index.isMultiple(of: 2)
          ? "{\"path\":\"\(path)\",\"model\":\"other.blemish\"}" : "{\"path\":\"\(path)\"}"
      }
      let manifest = try cloth.manifest(lines)
      let asked = Mutex<[String?]>([])
      _ = try ShardScoring(
        manifest, shard: .whole, folder: folder, model: Model.configuration(ofFile: cloth.model).file,
        options: options()
      ).run { path in
        asked.withLock { $0.append(path) }
        return try model(path)
      }
      // Each is read once, though their rows take turns.
      #expect(asked.withLock { $0.map { $0 ?? "" }.sorted() } == ["", cloth.other])
      let found = try merged(folder)
      #expect(found.summary.isWhole)
      #expect(Set(found.summary.models.map(\.model)) == ["cloth", "other"])
      for case .finding(let finding) in found.lines {
        let index = try #require(cloth.pictures.firstIndex(of: finding.path))
        #expect(finding.model?.name == (index.isMultiple(of: 2) ? "other" : "cloth"))
      }
    }
  }

  @Test func aPictureThatCannotBeReadIsALineAndNoEnd() throws {
    try withFolder { folder in
      try Data("Dear Sir or Madam,\n".utf8).write(to: URL(fileURLWithPath: cloth.folder + "/letter.png"))
      let outcome = try score(
        try cloth.manifest([cloth.pictures[0], "not-there.png", "letter.png", cloth.pictures[1]]),
        into: folder)
      #expect(outcome.failures == 2 && outcome.unfinished == 0)
      let found = try merged(folder)
      #expect(found.summary.isWhole && found.summary.failures == 2 && found.summary.judged == 2)
      let text = try parts(folder).values.joined()
      #expect(text.contains("not-there.png") && !text.contains(cloth.folder))
    }
  }

  @Test func otherPicturesShardsModelsOrOptionsDoNotMix() throws {
    try withFolder { folder in
      let manifest = try cloth.manifest(cloth.pictures)
      try score(manifest, "0/2", into: folder)
      let other = try cloth.manifest(cloth.pictures + ["one-more.png"])
      #expect(throws: ScoringError.otherRun(folder: folder, differences: ["manifest"])) {
        try score(other, "1/2", into: folder)
      }
      #expect(throws: ScoringError.otherRun(folder: folder, differences: ["number of shards"])) {
        try score(manifest, "1/3", into: folder)
      }
      #expect(throws: ScoringError.otherRun(folder: folder, differences: ["size of parts"])) {
        try score(manifest, "1/2", into: folder, options(4))
      }
      var strict = options()
      strict.inspection.falseAlarms = 0.001
      #expect(throws: ScoringError.otherRun(folder: folder, differences: ["set of options"])) {
        try score(manifest, "1/2", into: folder, strict)
      }
    }
  }

  @Test func mergingSaysWhatIsMissingAndDouble() throws {
    try withFolder { folder in
      let manifest = try cloth.manifest(cloth.pictures + [cloth.pictures[2]])
      try score(manifest, "0/2", into: folder)
      let found = try merged(folder)
      let shard = try Shard("1/2")
      #expect(found.missing == (cloth.pictures + [cloth.pictures[2]]).filter(shard.has))
      #expect(found.double == [cloth.pictures[2]])
      #expect(!found.summary.isWhole && !found.summary.missingParts.isEmpty)
      try score(manifest, "1/2", into: folder)
      let whole = try merged(folder)
      #expect(
        whole.missing.isEmpty && whole.summary.missingParts.isEmpty
          && whole.summary.judged == cloth.pictures.count + 1)
    }
  }

  // MARK: Addresses

  private func content(_ request: LoopbackServer.Request) -> Data? {
    let path = request.line.split(separator: " ")[1].split(separator: "?")[0].dropFirst()
    return try? Data(contentsOf: URL(fileURLWithPath: "\(cloth.folder)/\(path)"))
  }

  @Test func signedAddressesGiveTheLinesOfTheFilesWithoutTheirSignatures() throws {
    try withFolder { folder in
      let cloth = cloth
      let server = try LoopbackServer { request, index in
        // Every fifth answer is of a server that is busy, and one more of a connection that drops.
        if index % 5 == 1 { return .init(status: "503 Slow Down") }
        let path = request.line.split(separator: " ")[1].split(separator: "?")[0].dropFirst()
        let data = try? Data(contentsOf: URL(fileURLWithPath: "\(cloth.folder)/\(path)"))
        return data.map { .init(body: $0, drops: index == 2 ? $0.count / 2 : nil) }
          ?? .init(status: "404 Not Found")
      }
      var reading = quick
      reading.attempts = 5
      func score(signature: String, into folder: String) throws -> [String: String] {
        let lines = cloth.pictures.map {
          "{\"id\":\"\($0)\",\"path\":\"\(server.address)/\($0)?sig=\(signature)\"}"
        }
        _ = try ShardScoring(
          try cloth.manifest(lines + ["\(server.address)/gone.png?sig=\(signature)"]), shard: .whole,
          folder: folder,
          model: Model.configuration(ofFile: cloth.model).file, options: options(), reading: reading
        ).run(model: model)
        return try parts(folder)
      }
      let found = try score(signature: "SECRET1", into: folder + "/a")
      #expect(try merged(folder + "/a").summary.failures == 1)
      #expect(!found.values.contains { $0.contains("SECRET") })
      // Signed anew, it is the same manifest with the same results.
      unlink("\(folder)/a/\(try #require(found.keys.sorted().first))")
      #expect(try score(signature: "SECRET2", into: folder + "/a") == found)
      try self.score(try cloth.manifest(cloth.pictures), into: folder + "/b")
      let files = try merged(folder + "/b").lines.map { line -> FindingJSON? in
        guard case .finding(var finding) = line else { return nil }
        finding.path = "\(server.address)/\(finding.path)"
        return finding
      }
      let addresses = try merged(folder + "/a").lines.map { line -> FindingJSON? in
        guard case .finding(let finding) = line else { return nil }
        return finding
      }
      #expect(addresses.compactMap { $0 } == files)
    }
  }

  @Test func anAddressThatMayComeBackLeavesItsPartToAnotherRun() throws {
    try withFolder { folder in
      let cloth = cloth
      let isOpen = Mutex(false)
      let server = try LoopbackServer { request, _ in
        guard isOpen.withLock({ $0 }) || !request.line.contains("/train/good/000") else {
          return .init(status: "403 Forbidden")
        }
        let path = request.line.split(separator: " ")[1].dropFirst()
        return .init(body: (try? Data(contentsOf: URL(fileURLWithPath: "\(cloth.folder)/\(path)"))) ?? Data())
      }
      let manifest = try cloth.manifest(cloth.pictures.map { "\(server.address)/\($0)" })
      let first = try score(manifest, into: folder)
      #expect(first.unfinished == 1 && first.parts > 1)
      #expect(try merged(folder).summary.missingParts.count == 1)
      isOpen.withLock { $0 = true }
      let second = try score(manifest, into: folder)
      #expect(second.unfinished == 0 && second.pictures == 3 && second.failures == 0)
      #expect(try merged(folder).summary.isWhole)
    }
  }
}
