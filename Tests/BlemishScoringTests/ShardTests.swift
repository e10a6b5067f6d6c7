import BlemishSupport
import Testing

@Suite struct ShardTests {
  @Test func everyNameIsInOneShardWhateverElseThereIs() throws {
    let names = (0..<4000).map { "line\($0 % 7)/picture-\($0).png" }
    let shards = try (0..<8).map { try Shard($0, of: 8) }
    for name in names { #expect(shards.filter { $0.has(name) }.count == 1) }
    // A hash spreads them: a share of 500 with a standard deviation of 21.
    for shard in shards { #expect((400...600).contains(names.filter(shard.has).count), "\(shard)") }
  }

  /// By the definition: the first eight bytes of the SHA-256, the most significant first, modulo N.
  @Test func theShardOfANameIsFixedForAllTime() {
    // sha256("a") begins with ca978112ca1bbdca, sha256("line1/0001.png") with what is computed of it elsewhere.
    #expect(Shard.index(of: "a", among: 1000) == Int(UInt64(0xca97_8112_ca1b_bdca) % 1000))
    #expect(Shard.index(of: "a", among: 1) == 0)
  }

  @Test(arguments: ["", "3", "8/8", "-1/8", "0/0", "1/2/3", "a/b", "1/", "0/-1"])
  func whatIsNoShardIsAnError(_ text: String) {
    #expect(throws: ShardError.self) { try Shard(text) }
  }

  @Test func clustersSayWhichShardAProcessIs() throws {
    func shard(_ environment: [String: String]) throws -> String { try "\(Shard(environment: environment))" }
    #expect(try shard(["JOB_COMPLETION_INDEX": "3", "JOB_COMPLETIONS": "8"]) == "3/8")
    #expect(try shard(["SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_COUNT": "8"]) == "5/8")
    #expect(
      try shard([
        "SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_COUNT": "3", "SLURM_ARRAY_TASK_MIN": "1",
        "SLURM_ARRAY_TASK_STEP": "2",
      ]) == "2/3")
    #expect(try shard(["RANK": "1", "WORLD_SIZE": "2"]) == "1/2")
    #expect(throws: ShardError.missing(variable: "JOB_COMPLETIONS", beside: "JOB_COMPLETION_INDEX")) {
      try Shard(environment: ["JOB_COMPLETION_INDEX": "0"])
    }
    #expect(throws: ShardError.range(index: 8, count: 8)) {
      try Shard(environment: ["RANK": "8", "WORLD_SIZE": "8"])
    }
    #expect(throws: ShardError.self) { try Shard(environment: [:]) }
  }
}
