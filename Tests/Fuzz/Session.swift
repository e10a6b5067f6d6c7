import Foundation

/// One process of a reader, which ends at the first fault.
///
/// The child is forked before any thread is started, so that all of Swift works in it. Counts go through shared memory.
struct Session {
  let reader: Target
  let seed: UInt64
  let start: Int
  let end: ContinuousClock.Instant

  init(_ reader: Target, seed: UInt64, start: Int, end: ContinuousClock.Instant, folder: String) {
    self.reader = reader
    self.seed = seed
    self.start = start
    self.end = end
  }

  struct Result {
    var next: Int
    var good: Int
    var failed: Bool
    var reason: String
    var input: [UInt8]
  }

  /// The file of a round: the same for the same seed, whatever was before it.
  private func input(_ round: Int) -> [UInt8] {
    var mutator = Mutator(seed: seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(round))
    let seeds = reader.seeds
    let bytes = mutator.damage(seeds[round % seeds.count], with: seeds[(round / seeds.count) % seeds.count])
    guard let repair = reader.repair, round % 4 != 0 else { return bytes }
    return repair(bytes)
  }

  func run() throws -> Result {
    // Next round and good ones.
    let shared = mmap(nil, 16, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)!
      .bindMemory(to: Int.self, capacity: 2)
    defer { munmap(shared, 16) }
    shared[0] = start
    shared[1] = 0
    let child = blemishFork()
    if child == 0 {
      while ContinuousClock.now < end {
        let round = shared[0]
        let data = Data(input(round))
        shared[0] = round + 1
        alarm(10)
        if reader.read(data) { shared[1] += 1 }
        alarm(0)
      }
      _exit(0)
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 && errno == EINTR {}
    let failed = status != 0
    let signal = status & 0x7F
    let reason =
      signal == SIGALRM
      ? "takes longer than ten seconds" : signal != 0 ? "signal \(signal)" : "exit \(status >> 8)"
    return Result(
      next: shared[0], good: shared[1], failed: failed, reason: reason,
      input: failed ? input(shared[0] - 1) : [])
  }
}

/// fork(2), which Swift hides because threads do not survive it; there are none here yet.
@_silgen_name("fork") private func blemishFork() -> Int32
