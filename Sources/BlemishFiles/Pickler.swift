import Foundation

/// Writes a pickle of protocol 2 with the instructions that `torch.save` uses, so that
/// `torch.load(weights_only=True)` reads it.
struct Pickler {
  /// The instructions.
  private(set) var pickle = Data()
  /// The bytes of the tensors, in the order of their keys: "0", "1", ...
  private(set) var storages: [Data] = []

  /// A pickle of one value.
  init(_ value: PyTorchFile.Value) {
    pickle.append(contentsOf: [0x80, 2])
    write(value)
    write(".")
  }

  private mutating func write(_ value: PyTorchFile.Value) {
    switch value {
    case .integer(let integer): write(integer)
    case .tensor(let tensor): write(tensor)
    case .list(let items):
      write("](")
      for item in items { write(item) }
      write("e")
    case .dictionary(let entries):
      writeEmptyDictionary()
      write("(")
      for (key, value) in entries {
        write(text: key)
        write(value)
      }
      write("u")
    }
  }

  /// `_rebuild_tensor_v2(storage, offset, shape, strides, requires_grad, hooks)`.
  private mutating func write(_ tensor: StoredTensor) {
    write(global: "torch._utils", "_rebuild_tensor_v2")
    write("((")
    write(text: "storage")
    write(global: "torch", PickleGlobal.storageName(of: tensor.elementType))
    write(text: String(storages.count))
    write(text: "cpu")
    write(tensor.count)
    write("tQ")
    storages.append(tensor.bytes)
    write(0)
    write(tuple: tensor.shape)
    write(tuple: Self.strides(of: tensor.shape))
    pickle.append(0x89)
    writeEmptyDictionary()
    write("tR")
  }

  private static func strides(of shape: [Int]) -> [Int] {
    var strides: [Int] = []
    var next = 1
    for size in shape.reversed() {
      strides.insert(next, at: 0)
      next *= max(size, 1)
    }
    return strides
  }

  private mutating func writeEmptyDictionary() {
    write(global: "collections", "OrderedDict")
    write(")R")
  }

  private mutating func write(tuple items: [Int]) {
    write("(")
    for item in items { write(item) }
    write("t")
  }

  private mutating func write(_ integer: Int) {
    if let small = Int32(exactly: integer) {
      write("J")
      pickle.append(littleEndian: small)
    } else {
      pickle.append(contentsOf: [0x8A, 8])
      pickle.append(littleEndian: Int64(integer))
    }
  }

  private mutating func write(text: String) {
    write("X")
    pickle.append(littleEndian: UInt32(text.utf8.count))
    write(text)
  }

  private mutating func write(global module: String, _ name: String) { write("c\(module)\n\(name)\n") }

  private mutating func write(_ instructions: String) { pickle.append(contentsOf: instructions.utf8) }
}
