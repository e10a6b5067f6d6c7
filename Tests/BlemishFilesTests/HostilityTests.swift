import BlemishFiles
import Foundation
import Testing

@testable import BlemishFiles

/// Files that no honest program writes. Reading them gives tensors or an error, within bounded memory.
@Suite struct HostilityTests {
  @Test func codeIsNamedAndNotRun() throws {
    let folder = try TemporaryFolder()
    let witness = folder.path("executed")
    // What `os.system("touch ...")` looks like as a pickle, next to an honest value.
    let pickle =
      "}X\u{1}\0\0\0acposix\nsystem\nX\(length("touch \(witness)"))touch \(witness)\u{85}RsX\u{1}\0\0\0bK\u{7}s."
    let file = try read(pickle)
    #expect(file.passedOver == ["posix.system"])
    guard case .object("posix.system")? = file.root["a"]?.content, case .integer(7)? = file.root["b"]?.content
    else {
      Issue.record("the dictionary is not {a: posix.system, b: 7}")
      return
    }
    #expect(!FileManager.default.fileExists(atPath: witness))
  }

  @Test(arguments: [
    // Instances, attributes and items of unknown classes.
    "cbuiltins\neval\nX\u{3}\0\0\0bad\u{85}R.", "csubprocess\nPopen\n)\u{81}}X\u{1}\0\0\0aK\u{1}sb.",
    "csubprocess\nPopen\n)}\u{92}X\u{1}\0\0\0aK\u{1}s.", "cos\nsystem\n)R]a.",
    "ctorch\nload\n)R(K\u{1}K\u{2}u.",
    "X\u{2}\0\0\0osX\u{6}\0\0\0system\u{93})R.", "ccollections\nOrderedDict\n)R}cos\nsystem\nK\u{1}sb.",
  ])
  func objectsArePassedOver(_ pickle: String) throws {
    #expect(try read(pickle).stateDictionary().isEmpty)
  }

  @Test(arguments: [
    "", ".", "(", "(.", "t", "\u{85}.", "K", "X\u{FF}\u{FF}\u{FF}\u{FF}", "h\u{1}.", "q\u{1}.", "]K\u{1}s.",
    "K\u{1}K\u{1}a.",
    "}(K\u{1}u.", "(K\u{1}d.", "\u{8B}\u{FF}\u{FF}\u{FF}\u{FF}.",
    "\u{8E}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{7F}.",
    "\u{8D}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}.", "c", "cos", "cos\n", "K\u{1}K\u{2}\u{93}.",
    "K\u{1}K\u{2}R.",
    "\u{80}\u{1}.", "\u{80}\u{9}.", "I1\n.", "S'a'\n.", "ios\nsystem\n.", "\u{82}\u{1}.", "\u{97}.", "Q.",
    "b.",
    "K\u{1}(b.", "K\u{1}(2.", "\u{FF}",
  ])
  func nonsenseIsAnError(_ pickle: String) throws {
    #expect(throws: DataFileError.self) { try read(pickle) }
  }

  @Test(arguments: [
    // (offset, shape, strides) of views that four floats cannot have.
    ("K\0", "J\0\u{CA}\u{9A}\u{3B}\u{85}", "K\0\u{85}"), ("K\u{4}", "K\u{1}\u{85}", "K\u{1}\u{85}"),
    ("J\u{FF}\u{FF}\u{FF}\u{FF}", "K\u{2}\u{85}", "K\u{1}\u{85}"),
    ("K\0", "J\u{FF}\u{FF}\u{FF}\u{FF}\u{85}", "K\u{1}\u{85}"),
    ("K\0", "K\u{2}\u{85}", "J\u{FF}\u{FF}\u{FF}\u{FF}\u{85}"), ("K\0", "K\u{2}\u{85}", ")"),
    ("K\0", "K\u{5}\u{85}", "K\u{1}\u{85}"),
    ("K\0", "K\u{2}\u{85}", "\u{8A}\u{8}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{7F}\u{85}"),
    ("\u{8A}\u{8}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{7F}", "K\u{2}\u{85}", "K\u{1}\u{85}"),
    (
      "K\0", "\u{8A}\u{8}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{7F}K\0\u{86}",
      "K\u{1}K\u{1}\u{86}"
    ),
  ])
  func aTensorBeyondItsStorageIsAnError(_ offset: String, _ shape: String, _ strides: String) throws {
    let file = try read(tensor(offset: offset, shape: shape, strides: strides))
    #expect(throws: DataFileError.self) { try file.root.tensor() }
    #expect(throws: DataFileError.self) { try file.stateDictionary() }
  }

  @Test func aDimensionOfSizeOneMayHaveAnyStride() throws {
    let largest = "\u{8A}\u{8}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{7F}"
    let file = try read(
      tensor(offset: "K\0", shape: "K\u{2}K\u{1}K\u{2}\u{87}", strides: "K\u{1}\(largest)K\u{2}\u{87}")
    )
    #expect(try file.root.tensor()?.floats() == [0, 2, 1, 3])
  }

  @Test func viewsThatMultiplyAStorageAreRefused() throws {
    // Nine tensors of 500 000 floats each, all the same float.
    let view = String(
      tensor(offset: "K\0", shape: "J\u{20}\u{A1}\u{7}\0\u{85}", strides: "K\0\u{85}").dropLast()
    )
    #expect(try read("](" + String(repeating: view, count: 7) + "e.").stateDictionary().count == 7)
    #expect(throws: DataFileError.self) {
      try read("](" + String(repeating: view, count: 9) + "e.").stateDictionary()
    }
  }

  @Test func sharingWithoutEndIsRefused() throws {
    // A list of two lists, each the same list of two lists, ...: 2^60 tensors by name.
    var pickle = String(tensor(offset: "K\0", shape: "K\u{1}\u{85}", strides: "K\u{1}\u{85}").dropLast())
    for level in 0..<60 { pickle += "r\(length(level))0](j\(length(level))j\(length(level))e" }
    let file = try read(pickle + ".")
    #expect(throws: DataFileError.self) { try file.stateDictionary() }
    let loop = try read("]q\0h\0a.")
    #expect(throws: DataFileError.self) { try loop.stateDictionary() }
  }

  @Test func deepNestingIsWalkedAndFreedWithoutTheStack() throws {
    let depth = 300_000
    let tuples = try read(")" + String(repeating: "\u{85}", count: depth) + ".")
    #expect(throws: DataFileError.self) { try tuples.stateDictionary() }
    let lists = try read(
      String(repeating: "]", count: depth) + String(repeating: "a", count: depth - 1) + "."
    )
    #expect(throws: DataFileError.self) { try lists.stateDictionary() }
    #expect(throws: DataFileError.self) { try read("]" + String(repeating: "(", count: depth) + ".") }
  }

  @Test func longContainersTakeLinearTime() throws {
    let list = try read("]" + String(repeating: "Na", count: 300_000) + ".")
    guard case .list(let items) = list.root.content else {
      Issue.record("not a list")
      return
    }
    #expect(items.count == 300_000)
  }

  @Test func aPickleOfTooManyObjectsIsRefused() throws {
    // Each instruction makes a set as long as the first: 10^10 items in all.
    let copies = "](" + String(repeating: "N", count: 100_000) + "e\u{85}q\0"
    let calls = String(repeating: "cbuiltins\nset\nh\0R", count: 100_000)
    #expect(throws: DataFileError.self) { try read(copies + calls + ".") }
  }

  /// A tensor over the storage of the four floats 0, 1, 2, 3.
  private func tensor(offset: String, shape: String, strides: String) -> String {
    "ctorch._utils\n_rebuild_tensor_v2\n((X\u{7}\0\0\0storagectorch\nFloatStorage\nX\u{1}\0\0\00X\u{3}\0\0\0cpuK\u{4}tQ"
      + offset + shape + strides + "\u{89}NtR."
  }

  /// A number or a text's length as four bytes.
  private func length(_ number: Int) -> String {
    String(String.UnicodeScalarView((0..<4).map { UnicodeScalar(UInt8(number >> (8 * $0) & 0xFF)) }))
  }

  private func length(_ text: String) -> String { length(text.utf8.count) }

  /// Reads a zip file with this pickle, a character for each byte, and the storage.
  private func read(_ pickle: String) throws -> PyTorchFile {
    let pickle = Data(("\u{80}\u{2}" + pickle).unicodeScalars.map { UInt8($0.value) })
    let storage = StoredTensor(floats: [0, 1, 2, 3], shape: [4]).bytes
    return try PyTorchFile(storedZip([("x/data.pkl", pickle), ("x/data/0", storage)]), path: "x.pt")
  }
}

/// A zip file of these entries, stored.
func storedZip(_ entries: [(name: String, content: Data)]) -> Data {
  func bytes(_ number: Int, _ count: Int) -> Data {
    Data((0..<count).map { UInt8(number >> (8 * $0) & 0xFF) })
  }
  var file = Data()
  var directory = Data()
  for (name, content) in entries {
    let sizes =
      Data(count: 8) + bytes(content.count, 4) + bytes(content.count, 4) + bytes(name.utf8.count, 2)
      + Data(count: 2)
    directory +=
      bytes(0x0201_4B50, 4) + Data(count: 4) + bytes(0, 2) + bytes(0, 2) + sizes + Data(count: 10)
      + bytes(file.count, 4) + Data(name.utf8)
    file += bytes(0x0403_4B50, 4) + Data(count: 6) + sizes + Data(name.utf8) + content
  }
  let end =
    bytes(0x0605_4B50, 4) + Data(count: 4) + bytes(entries.count, 2) + bytes(entries.count, 2)
    + bytes(directory.count, 4) + bytes(file.count, 4) + Data(count: 2)
  return file + directory + end
}
