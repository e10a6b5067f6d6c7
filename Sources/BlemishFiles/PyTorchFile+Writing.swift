import BlemishSupport
import Foundation

extension PyTorchFile {
  /// What a file is to hold.
  public indirect enum Value: Sendable {
    /// A whole number.
    case integer(Int)
    /// A tensor.
    case tensor(StoredTensor)
    /// A list.
    case list([Value])
    /// An `OrderedDict` with texts for keys, as state dicts are.
    case dictionary([(key: String, value: Value)])

    /// A state dict, in the order of its names.
    public static func stateDict(_ tensors: [String: StoredTensor]) -> Value {
      .dictionary(tensors.sorted { $0.key < $1.key }.map { ($0.key, .tensor($0.value)) })
    }

    /// The value with one more entry, where state dicts are looked for: below `state_dict` where there is such an entry.
    /// A value that is no dictionary stays what it is.
    public func adding(_ key: String, _ value: Value) -> Value {
      guard case .dictionary(var entries) = self else { return self }
      if let inner = entries.lastIndex(where: { $0.key == "state_dict" }) {
        entries[inner].value = entries[inner].value.adding(key, value)
      } else {
        entries.append((key, value))
      }
      return .dictionary(entries)
    }

    /// The tensors under the names by which ``WeightFile/init(readingAny:)`` finds them in a file of this value:
    /// keys and places joined by dots, those below `state_dict` where there is such an entry.
    public var tensors: [String: StoredTensor] {
      if case .dictionary(let entries) = self, let inner = entries.last(where: { $0.key == "state_dict" }) {
        return inner.value.flattened
      }
      return flattened
    }

    private var flattened: [String: StoredTensor] {
      var result: [String: StoredTensor] = [:]
      var pending = [(name: "", value: self)]
      while let (name, value) = pending.popLast() {
        let parts: [(key: String, value: Value)] =
          switch value {
          case .integer, .tensor: []
          case .list(let items): items.enumerated().map { (String($0.offset), $0.element) }
          case .dictionary(let entries): entries
          }
        if case .tensor(let tensor) = value { result[name] = tensor }
        pending += parts.map { (name.isEmpty ? $0.key : "\(name).\($0.key)", $0.value) }
      }
      return result
    }
  }

  /// Writes a zip file that PyTorch 1.6 and later reads, with `weights_only=True` too. It appears at `path` whole
  /// or not at all.
  ///
  /// - Throws: `DataFileError` naming the file when it cannot be written; nothing is left behind then.
  public static func write(_ value: Value, to path: String) throws {
    try write(value, to: path, replacing: .anyFile)
  }

  /// Writes a zip file where there is no file yet, or one that may be replaced.
  ///
  /// - Throws: `DataFileError` naming the file when it cannot be written; nothing is left behind then.
  /// - Parameter mark: the name of an entry that is put before all others, so that the file is known again.
  package static func write(
    _ value: Value, to path: String, replacing: AtomicFile.Replacement, mark: String? = nil
  ) throws {
    let pickler = Pickler(value)
    var archive = ZipWriter()
    try DataFileError.naming(path) {
      if let mark { try archive.add("archive/\(mark)", Data(blemishVersion.utf8)) }
      try archive.add("archive/data.pkl", pickler.pickle)
      try archive.add("archive/byteorder", Data("little".utf8))
      for (key, storage) in pickler.storages.enumerated() {
        try archive.add("archive/data/\(key)", storage)
      }
      try archive.add("archive/version", Data("3\n".utf8))
      try AtomicFile.replace(path, with: archive.file, replacing: replacing)
    }
  }
}
