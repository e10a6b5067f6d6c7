import Foundation
import Testing

@Suite("blemish predict --manifest") struct PredictManifestTests {
  let trained: TrainedModel
  let folder: TemporaryFolder

  init() throws {
    trained = try TrainedModel.shared.get()
    folder = try TemporaryFolder()
  }

  /// Names for the trained model's pictures, each many times.
  private func manifest(_ count: Int) throws -> String {
    let sources = [trained.goodPicture, trained.holePicture]
    let lines = (0..<count).map { "{\"id\":\"p\($0)\",\"path\":\"\(sources[$0 % 2])\"}" }
    return try folder.file("list.jsonl", Data(lines.joined(separator: "\n").utf8))
  }

  private func arguments(_ list: String, _ shard: Int, of count: Int, into results: String) -> [String] {
    [
      "predict", trained.model, "--manifest", list, "--shard", "\(shard)/\(count)", "--output", results,
      "--part-size", "7",
    ]
  }

  /// The parts of a folder, by name.
  private func parts(_ folder: String) throws -> [String: Data] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".jsonl") }
    return Dictionary(
      uniqueKeysWithValues: names.map {
        ($0, FileManager.default.contents(atPath: "\(folder)/\($0)") ?? Data())
      })
  }

  @Test func killedShardsGoOnToTheSameBytes() throws {
    let list = try manifest(60)
    for shard in 0..<2 {
      let run = try Tool(arguments(list, shard, of: 2, into: folder / "whole")).wait()
      #expect(run.status == 0, "\(run.errors)")
    }
    let whole = try parts(folder / "whole")
    #expect(whole.values.reduce(0) { $0 + $1.count { $0 == UInt8(ascii: "\n") } } == 60)

    var random = SystemRandomNumberGenerator()
    var kills = 0
    let killed = folder / "killed"
    for shard in (0..<2).shuffled(using: &random) {
      // Each is killed, some after a part and some before it, until it has been often enough; then it ends by itself.
      for round in 0..<4 {
        let before = (try? parts(killed).count) ?? 0
        let tool = try Tool(arguments(list, shard, of: 2, into: killed))
        if round < 3, tool.waits(for: { ((try? parts(killed).count) ?? 0) > before + round % 2 }) {
          usleep(UInt32.random(in: 0..<20_000))
          tool.send(SIGKILL)
        }
        let status = try tool.wait().status
        if status == -SIGKILL { kills += 1 } else { #expect(status == 0) }
        if status == 0 { break }
      }
    }
    #expect(kills >= 2)
    #expect(try parts(killed) == whole)
    let merged = try Tool.run("merge", killed)
    #expect(merged.status == 0, "\(merged.errors)")
    #expect(merged.output.contains("60 pictures"))
    // Nothing is left of what was killed.
    let names = try FileManager.default.contentsOfDirectory(atPath: killed)
    #expect(Set(names) == Set(whole.keys).union(["scoring.json", "table.csv", "report.html"]))
    let table = try String(contentsOfFile: killed + "/table.csv", encoding: .utf8)
    #expect(table.split(separator: "\n").count == 61)
  }

  @Test func aMergeOfHalfSaysWhatIsMissing() throws {
    let list = try manifest(40)
    _ = try Tool(arguments(list, 0, of: 2, into: folder / "half")).wait()
    let merged = try Tool.run("merge", folder / "half", "--json")
    #expect(merged.status == 1)
    let object = try jsonObject(merged.output)
    let missing = try #require(object["missingPictures"] as? Int)
    let judged = try #require(object["judged"] as? Int)
    #expect(missing > 0 && missing + judged == 40)
    let named = try String(contentsOfFile: folder / "half/missing.txt", encoding: .utf8)
    #expect(named.split(separator: "\n").count == missing)
  }

  @Test func theShardOfAClusterIsTaken() throws {
    let list = try manifest(20)
    let arguments = [
      "predict", trained.model, "--manifest", list, "--shard", "auto", "--output", folder / "auto",
      "--part-size", "7",
    ]
    let lost = try Tool(arguments).wait()
    #expect(lost.status == 2 && lost.errors.contains("JOB_COMPLETION_INDEX"), "\(lost.errors)")
    for index in 0..<2 {
      let run = try Tool(
        arguments,
        launcher: ["/usr/bin/env", "JOB_COMPLETION_INDEX=\(index)", "JOB_COMPLETIONS=2"]
      ).wait()
      #expect(run.status == 0, "\(run.errors)")
    }
    #expect(try Tool.run("merge", folder / "auto").status == 0)
  }

  @Test(arguments: [
    ["--json"], ["--csv"], ["--svg"], ["--fail-on", "review"], ["a.png"], ["--shard", "2/2"],
  ])
  func whatPartsDoNotHaveIsWrongUsage(_ options: [String]) throws {
    let run = try Tool(
      ["predict", trained.model, "--manifest", "list", "--output", folder / "out"] + options
    ).wait()
    #expect(run.status == 2, "\(run.errors)")
  }
}
