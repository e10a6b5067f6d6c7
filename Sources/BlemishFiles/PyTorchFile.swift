import BlemishSupport
import Foundation

/// A file written by `torch.save`: a zip file (PyTorch 1.6 and later) or the older row of pickles. It is read as
/// data, without Python: nothing in it is executed.
public struct PyTorchFile: Sendable {
  /// What was saved: for a checkpoint, a dictionary.
  public let root: PickledValue
  /// The classes and functions that the file names and that were passed over, in order of appearance; the
  /// first hundred, if there are more.
  public let passedOver: [String]

  /// Reads a `.pth`, `.pt` or `.ckpt` file.
  ///
  /// - Throws: `DataFileError` for a file that cannot be read, is damaged or is of another kind.
  public init(reading path: String) throws {
    let source = try ByteSource(opening: path)
    try self.init(source, path: path)
  }

  /// Whether a file begins as one of the two kinds does.
  static func recognises(_ file: Data) -> Bool {
    ZipArchive.recognises(file) || (file.count > 2 && file[file.startIndex] == 0x80)
  }

  /// Reads a file's bytes; `path` is for the errors.
  package init(_ file: Data, path: String) throws { try self.init(.memory(file), path: path) }

  init(_ source: ByteSource, path: String) throws {
    self = try DataFileError.naming(path) {
      let file =
        if ZipArchive.recognises(try source.prefix(4)) {
          try Self(archive: ZipArchive(source), fileSize: source.count, path: path)
        } else {
          try Self(legacy: source.bytes(at: 0, count: source.count), path: path)
        }
      try source.requireUnchanged()
      return file
    }
  }

  /// The tensors of a state dict: those under `state_dict`, where Lightning and many training scripts put
  /// them, or all that the file holds.
  ///
  /// - Throws: `DataFileError` for a tensor that the file does not hold whole.
  public func stateDictionary() throws -> [String: StoredTensor] {
    try (root["state_dict"] ?? root).tensors()
  }

  private init(archive: ZipArchive, fileSize: Int, path: String) throws {
    guard let pickle = archive.names.filter({ $0.hasSuffix("/data.pkl") }).min() else {
      throw DataFileProblem.unsupported(.otherZip)
    }
    let folder = pickle.dropLast("data.pkl".count)
    if let order = try archive.content(of: folder + "byteorder"), !order.elementsEqual("little".utf8) {
      throw DataFileProblem.unsupported(.bigEndian)
    }
    guard !archive.names.contains(folder + "constants.pkl") else {
      throw DataFileProblem.unsupported(.torchScript)
    }
    var unpickler = Unpickler(ByteReader(try archive.content(of: pickle) ?? Data()))
    let root = try unpickler.readPickle()
    var storages: [String: Data] = [:]
    var total = 0
    for case .storage(let storage) in unpickler.nodes where storages[storage.key] == nil {
      guard let content = try archive.content(of: folder + "data/" + storage.key) else { continue }
      // Entries that lie on top of each other would take many times the file's size.
      total += content.count
      guard total <= fileSize else { throw DataFileProblem.damaged(.zipEntriesOverlap) }
      storages[storage.key] = content
    }
    self.init(root: root, unpickler: unpickler, storages: storages, fileSize: fileSize, path: path)
  }

  private init(legacy file: Data, path: String) throws {
    var unpickler = Unpickler(ByteReader(file))
    let magic = try unpickler.readPickle()
    guard case .largeInteger(Self.legacyMagic) = unpickler.nodes[magic] else {
      throw DataFileProblem.unsupported(.otherPickle)
    }
    let version = try unpickler.readPickle()
    guard case .integer(1001) = unpickler.nodes[version] else {
      throw DataFileProblem.unsupported(.legacyVersion)
    }
    let system = try unpickler.readPickle()
    let root = try unpickler.readPickle()
    let keys = try unpickler.readPickle()
    let graph = PickleGraph(nodes: unpickler.nodes, storages: [:], path: path, copyLimit: 0)
    if case .bool(false)? = PickledValue(graph: graph, index: system)["little_endian"]?.content {
      throw DataFileProblem.unsupported(.bigEndian)
    }
    let storages = try Self.legacyStorages(keys: keys, nodes: unpickler.nodes, unpickler.rest)
    self.init(root: root, unpickler: unpickler, storages: storages, fileSize: file.count, path: path)
  }

  /// Behind the pickles: for each key, in the order of the list, the number of elements and the elements.
  private static func legacyStorages(
    keys: Int,
    nodes: [PickleGraph.Node],
    _ rest: ByteReader
  ) throws -> [String: Data] {
    guard case .list(let keys) = nodes[keys] else {
      throw DataFileProblem.damaged(.noStorageList)
    }
    var elementSizes: [String: Int] = [:]
    for case .storage(let storage) in nodes {
      elementSizes[storage.key] = storage.elementType.byteCount
    }
    var reader = rest
    var storages: [String: Data] = [:]
    for key in keys {
      guard case .text(let key) = nodes[key], let elementSize = elementSizes[key] else {
        throw DataFileProblem.damaged(.storageElementType)
      }
      let count = try reader.read(Int64.self)
      let (byteCount, overflows) = count.multipliedReportingOverflow(by: Int64(elementSize))
      guard !overflows else { throw DataFileProblem.damaged(.storageSize(key: key)) }
      storages[key] = try reader.readBytes(byteCount)
    }
    return storages
  }

  private init(root: Int, unpickler: Unpickler, storages: [String: Data], fileSize: Int, path: String) {
    let graph = PickleGraph(
      nodes: unpickler.nodes,
      storages: storages,
      path: path,
      copyLimit: 16_000_000 + 4 * fileSize
    )
    self.root = PickledValue(graph: graph, index: root)
    passedOver = unpickler.passedOver
  }

  /// 0x1950A86A20F9469CFC6C.
  private static let legacyMagic = Data([0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19])
}
