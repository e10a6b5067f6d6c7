import BlemishFiles
import Foundation
import GoldenCases
import Testing

@testable import BlemishFiles

/// Files with random damage. `BLEMISH_FUZZ_ROUNDS` sets how many there are of each kind.
@Suite struct FuzzTests {
  static let rounds = ProcessInfo.processInfo.environment["BLEMISH_FUZZ_ROUNDS"].flatMap { Int($0) } ?? 500

  /// In a process of its own, whose memory is limited: the other tests' would count otherwise.
  @Test func damagedFilesGiveTensorsOrAnErrorInBoundedMemory() async {
    await #expect(processExitsWith: .success) {
      let names = [
        "state.safetensors", "state.pt", "state_legacy.pt", "state_protocol5.pt", "state_legacy_protocol4.pt",
        "checkpoint.ckpt", "checkpoint_protocol5.ckpt", "module.pt",
      ]
      let files = try names.map { try [UInt8](Data(contentsOf: URL(fileURLWithPath: sample($0)))) }
      limitMemory(to: 100_000_000)
      var random = RandomBytes(seed: "files")
      for _ in 0..<Self.rounds {
        for file in files { readWholly(Data(random.damage(file, with: files[5]))) }
      }
    }
  }

  /// The zip container hides a pickle from most random damage: here only the pickle is damaged.
  @Test(arguments: ["state.pt", "checkpoint.ckpt", "checkpoint_protocol5.ckpt"])
  func aDamagedPickleGivesTensorsOrAnError(_ name: String) throws {
    let archive = try ZipArchive(Data(contentsOf: URL(fileURLWithPath: sample(name))))
    let entries = try archive.names.map { ($0, try archive.content(of: $0) ?? Data()) }
    var random = RandomBytes(seed: "pickle of " + name)
    for _ in 0..<Self.rounds {
      readWholly(
        storedZip(
          entries.map { name, content in
            name.hasSuffix("data.pkl")
              ? (name, Data(random.damage([UInt8](content), with: [UInt8](content))))
              : (name, content)
          }
        )
      )
    }
  }

  @Test func randomInstructionsGiveTensorsOrAnError() throws {
    // Instructions without arguments, and some whose arguments are short, make long runs likely.
    let instructions: [[UInt8]] =
      (0...255).map { [UInt8($0)] } + "()]}N2RQteusab0".utf8.map { [$0] }
      + (0..<8).flatMap { [[0x71, UInt8($0)], [0x68, UInt8($0)], [0x4B, UInt8($0)]] }
      + [
        "ctorch._utils\n_rebuild_tensor_v2\n", "ctorch\nFloatStorage\n", "ccollections\nOrderedDict\n",
        "ctorch._utils\n_rebuild_parameter\n", "ctorch._tensor\n_rebuild_from_type_v2\n", "cbuiltins\nset\n",
        "X\u{7}\0\0\0storage", "X\u{1}\0\0\00",
      ].map { Array($0.utf8) }
    var random = RandomBytes(seed: "instructions")
    for _ in 0..<(4 * Self.rounds) {
      var pickle: [UInt8] = [0x80, 2]
      for _ in 0..<random.below(60) { pickle += instructions[random.below(instructions.count)] }
      readWholly(storedZip([("x/data.pkl", Data(pickle + [0x2E])), ("x/data/0", Data(count: 16))]))
    }
  }

  @Test func randomBytesAreAnError() throws {
    var random = RandomBytes(seed: "bytes")
    for start in [[], [0x80, 2], [0x50, 0x4B, 3, 4], [40, 0, 0, 0, 0, 0, 0, 0, 0x7B]] as [[UInt8]] {
      for _ in 0..<Self.rounds {
        readWholly(Data(start + (0..<random.below(300)).map { _ in UInt8(random.below(256)) }))
      }
    }
  }
}

/// Random damage that is the same in every run.
private struct RandomBytes {
  private var state: UInt64

  init(seed: String) {
    state = Golden.stream(seed, 1)[0]
  }

  mutating func below(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % max(bound, 1)
  }

  /// One to eight changes: bytes replaced, flipped, removed, repeated or taken from another file.
  mutating func damage(_ bytes: [UInt8], with other: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...below(8) {
      let position = below(bytes.count)
      let length = min(1 + below(below(4) == 0 ? 200 : 8), bytes.count - position)
      switch below(7) {
      case 0 where position < bytes.count: bytes[position] = UInt8(below(256))
      case 1 where position < bytes.count: bytes[position] ^= 1 << UInt8(below(8))
      case 2 where position < bytes.count: bytes[position] = [0, 1, 0x7F, 0x80, 0xFF][below(5)]
      case 3: bytes.removeSubrange(position..<position + length)
      case 4: bytes.insert(contentsOf: Array(bytes[position..<position + length]), at: position)
      case 5:
        let start = below(other.count - 16)
        bytes.insert(contentsOf: other[start..<start + 1 + below(16)], at: position)
      default:
        for index in position..<position + min(length, 8) { bytes[index] = 0xFF }
      }
    }
    return bytes
  }
}

/// Reads the file as each format and looks at everything in it. A trap or a fault is what would fail here.
func readWholly(_ file: Data) {
  let weights = try? SafeTensors.read(file, path: "x")
  for tensor in weights?.tensors.values ?? [:].values { _ = tensor.floats() }
  guard PyTorchFile.recognises(file), let checkpoint = try? PyTorchFile(file, path: "x") else { return }
  for tensor in (try? checkpoint.stateDictionary())?.values ?? [:].values { _ = tensor.floats() }
  var pending = [checkpoint.root]
  var seen: Set<Int> = []
  while let value = pending.popLast() {
    guard seen.insert(value.index).inserted else { continue }
    switch value.content {
    case .list(let items), .tuple(let items), .set(let items): pending += items
    case .dictionary(let entries): pending += entries.flatMap { [$0.key, $0.value] }
    case .tensor: _ = try? value.tensor()?.doubles()
    default: break
    }
  }
}

/// Lets this process allocate so many bytes more than it has now.
func limitMemory(to additional: Int) {
  // The sixth number of statm is the pages of data, which are what the limit counts.
  let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
  let used = (pages?.dropFirst(5).first).flatMap { Int($0) } ?? 0
  let bytes = rlim_t(used * Int(getpagesize()) + additional)
  var limit = rlimit(rlim_cur: bytes, rlim_max: bytes)
  precondition(setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit) == 0)
}
