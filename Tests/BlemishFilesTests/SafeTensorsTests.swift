import BlemishFiles
import BlemishSupport
import Foundation
import Testing

@testable import BlemishFiles

@Suite struct SafeTensorsTests {
  @Test func whatIsWrittenIsReadBack() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("weights.safetensors")
    var tensors = [
      "halves": try StoredTensor(
        elementType: .bfloat16,
        shape: [3],
        bytes: Data([0x80, 0x3F, 0, 0x40, 0, 0xC0])
      ),
      "layer \"é\"\n\\\u{1}": StoredTensor(
        floats: [1, .nan, -.infinity, .leastNonzeroMagnitude, -0, 6],
        shape: [2, 1, 3]
      ),
      "scalar": StoredTensor(doubles: [.pi], shape: []),
      "none": StoredTensor(floats: [], shape: [0, 4]),
      "indices": StoredTensor(int64s: [.min, .max], shape: [2]),
    ]
    tensors["flags"] = try StoredTensor(elementType: .bool, shape: [3], bytes: Data([1, 0, 1]))
    let metadata = ["configuration": "{\"a\": 1}", "empty": "", "emoji": "🧵\t"]
    try SafeTensors.write(WeightFile(tensors: tensors, metadata: metadata), to: path)

    let read = try SafeTensors.read(path)
    #expect(read.metadata == metadata)
    #expect(Set(read.tensors.keys) == Set(tensors.keys))
    for (name, tensor) in tensors {
      #expect(read.tensors[name]?.bytes == tensor.bytes, "\(name)")
      #expect(read.tensors[name]?.shape == tensor.shape, "\(name)")
      #expect(read.tensors[name]?.elementType == tensor.elementType, "\(name)")
    }
    #expect(read.tensors["halves"]?.floats() == [1, 2, -2])
    #expect(read.tensors["scalar"]?.doubles() == [.pi])
    #expect(try read.tensors["flags"]?.int64s() == [1, 0, 1])
    #expect(throws: DataFileProblem.notWholeNumbers(.float64)) { try read.tensors["scalar"]?.int64s() }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["weights.safetensors"])
  }

  @Test func theSameContentGivesTheSameBytes() throws {
    let folder = try TemporaryFolder()
    let pairs = (0..<50).map { ("t\($0)", StoredTensor(floats: [Float($0)], shape: [1])) }
    try SafeTensors.write(WeightFile(tensors: .init(uniqueKeysWithValues: pairs)), to: folder.path("a"))
    try SafeTensors.write(
      WeightFile(tensors: .init(uniqueKeysWithValues: pairs.reversed())),
      to: folder.path("b")
    )
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: folder.path("a")))
        == Data(contentsOf: URL(fileURLWithPath: folder.path("b")))
    )
  }

  @Test(arguments: [
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,800]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[4611686018427387905,4611686018427387906],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[0,9223372036854775807],"data_offsets":[0,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
    #"{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}}"#,
    #"{"a":{"dtype":"F32","shape":[02],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[2,],"data_offsets":[0,8]}}"#,
    #"{"__metadata__":{"a":1},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
    #"{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[2]}}"#,
    #"{}"#, #"["#, #""#, #"{""#, #"{"a\"#,
    String(repeating: "[", count: 100_000), String(repeating: #"{"a":"#, count: 100_000),
  ])
  func aDamagedHeaderIsAnError(_ header: String) throws {
    #expect(throws: DataFileError.self) { try SafeTensors.read(file(header), path: "x") }
  }

  @Test func anUnknownElementTypeIsNamed() throws {
    let header = #"{"a":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}"#
    let error = #expect(throws: DataFileError.self) { try SafeTensors.read(file(header), path: "x") }
    guard case .tensor("a", .elementType("F8_E4M3", _))? = error?.problem else {
      Issue.record("\(error?.description ?? "no error")")
      return
    }
  }

  @Test(arguments: [0, 1, 7, 8, 9, 40, 70])
  func aFileCutOffIsAnError(_ length: Int) throws {
    let whole = file(#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  "#)
    #expect(try SafeTensors.read(whole, path: "x").tensors["a"]?.floats() == [0, 0])
    #expect(throws: DataFileError.self) { try SafeTensors.read(whole.prefix(length), path: "x") }
  }

  /// A link goes on naming the file that it names, and who may read it stays as it is.
  @Test func whatALinkNamesIsReplaced() throws {
    let folder = try TemporaryFolder()
    func write(_ number: Float, to name: String) throws {
      try SafeTensors.write(
        WeightFile(tensors: ["a": StoredTensor(floats: [number], shape: [1])], metadata: [:]),
        to: folder.path(name))
    }
    try write(1, to: "v3")
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: folder.path("v3"))
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("current"), withDestinationPath: "v3")
    try write(2, to: "current")
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.path("current")) == "v3")
    #expect(try SafeTensors.read(folder.path("v3")).tensors["a"]?.floats() == [2])
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.path("v3"))
    #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o640)
  }

  @Test func aFileThatCannotBeWrittenLeavesNothing() throws {
    let folder = try TemporaryFolder()
    let weights = WeightFile(tensors: ["a": StoredTensor(floats: [1], shape: [1])])
    let error = #expect(throws: DataFileError.self) {
      try SafeTensors.write(weights, to: folder.path("missing/weights.safetensors"))
    }
    let missing = FileSystemError.folderMissing(
      path: folder.path("missing/weights.safetensors"), folder: folder.path("missing"))
    #expect(error == DataFileError(missing))

    try FileManager.default.createDirectory(atPath: folder.path("taken"), withIntermediateDirectories: false)
    #expect(throws: DataFileError.self) { try SafeTensors.write(weights, to: folder.path("taken")) }
    #expect(throws: DataFileError.self) { try SafeTensors.write(weights, to: "/dev/full/weights") }
    #expect(throws: DataFileError.self) { try SafeTensors.read(folder.path("taken")) }
    #expect(throws: DataFileError.self) { try SafeTensors.read(folder.path("absent")) }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["taken"])
  }

  /// A limit on the size of files stands in for a full disk. It holds for a process, hence one of its own.
  @Test func aDiskThatFillsUpLeavesTheOldFile() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let path = folder.path("weights.safetensors")
      try SafeTensors.write(WeightFile(tensors: ["a": StoredTensor(floats: [1], shape: [1])]), to: path)
      var limit = rlimit(rlim_cur: 5000, rlim_max: 5000)
      try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      ignoreFileSizeSignal()
      let large = StoredTensor(floats: [Float](repeating: 2, count: 5000), shape: [5000])
      let error = #expect(throws: DataFileError.self) {
        try SafeTensors.write(WeightFile(tensors: ["b": large]), to: path)
      }
      try #require(error?.problem == .file(.fileSizeLimit(path: path)))
      try #require(try SafeTensors.read(path).tensors.keys.sorted() == ["a"])
      try #require(
        try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["weights.safetensors"]
      )
    }
  }

  /// A safetensors file of this header and eight zero bytes.
  private func file(_ header: String) -> Data {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8)
      + Data(count: 8)
  }
}
