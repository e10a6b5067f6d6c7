import BlemishSupport
import Foundation

/// What a pickle describes, as nodes that refer to each other by index.
///
/// A pickle can share a value a thousandfold, nest it a million deep or put it inside itself. In an array none
/// of that costs more than the bytes that say so, and freeing it never recurses.
final class PickleGraph: Sendable {
  /// One value. Integers in the payloads are indices of other nodes.
  enum Node: Sendable {
    /// How many parts a value has that can have parts.
    var partCount: Int {
      switch self {
      case .list(let items), .tuple(let items), .dictionary(let items): items.count
      default: 0
      }
    }

    case none
    case bool(Bool)
    case integer(Int)
    /// An integer of more than 64 bits, little-endian.
    case largeInteger(Data)
    case number(Double)
    case text(String)
    case bytes(Data)
    /// Bytes that protocol 2 writes as a text of their Latin-1 characters.
    case latin1Bytes(String)
    case list([Int])
    case tuple([Int])
    case set([Int])
    /// Keys and values by turns, in order.
    case dictionary([Int])
    /// A class or function, known or not.
    case global(PickleGlobal)
    case storage(TensorStorage)
    case tensor(StridedTensor)
    /// Anything that only running the pickle's code would make: the name of that code.
    case object(String)
  }

  /// The values.
  let nodes: [Node]
  /// The bytes of each storage, by key.
  let storages: [String: Data]
  /// Where all this comes from, for the errors.
  let path: String
  /// The bytes that copies of tensors may take together: shared storages must not multiply without limit.
  let copyLimit: Int

  init(nodes: [Node], storages: [String: Data], path: String, copyLimit: Int) {
    self.nodes = nodes
    self.storages = storages
    self.path = path
    self.copyLimit = copyLimit
  }
}

/// A run of elements of one type that tensors are views of.
struct TensorStorage: Sendable {
  var elementType: ElementType
  var key: String
  /// The number of elements.
  var count: Int
}

/// A view of a storage.
struct StridedTensor: Sendable {
  var storage: TensorStorage
  /// The first element's place in the storage.
  var offset: Int
  var shape: [Int]
  var strides: [Int]

  /// The tensor's elements: a slice of the storage where they lie one behind the other, otherwise a copy, whose
  /// size is taken from `copyBudget`.
  ///
  /// - Throws: `DataFileProblem` when the view leaves its storage or the budget is spent.
  func contiguous(in storages: [String: Data], copyBudget: inout Int) throws -> StoredTensor {
    let byteCount = try StoredTensor.byteCount(of: storage.elementType, shape: shape)
    guard let bytes = storages[storage.key] else {
      throw DataFileProblem.damaged(.noStorage(key: storage.key))
    }
    let elementSize = storage.elementType.byteCount
    let count = byteCount / elementSize
    guard count > 0 else {
      return try StoredTensor(elementType: storage.elementType, shape: shape, bytes: Data())
    }
    let last = try lastElement()
    guard last < min(storage.count, bytes.count / elementSize) else {
      throw DataFileProblem.damaged(.beyondStorage)
    }
    if isContiguous {
      let start = bytes.startIndex + offset * elementSize
      return try StoredTensor(
        elementType: storage.elementType,
        shape: shape,
        bytes: bytes[start..<start + byteCount]
      )
    }
    guard byteCount <= copyBudget else {
      throw DataFileProblem.excessive(.view)
    }
    copyBudget -= byteCount
    return try StoredTensor(
      elementType: storage.elementType,
      shape: shape,
      bytes: gathered(from: bytes, count: count, elementSize: elementSize)
    )
  }

  /// The place of the element with the largest index in every dimension, checked against overflow.
  private func lastElement() throws -> Int {
    var last = offset
    var isValid = offset >= 0 && shape.count == strides.count
    for (size, stride) in zip(shape, strides) where isValid {
      let (span, overflows) = (size - 1).multipliedReportingOverflow(by: stride)
      let (sum, sumOverflows) = last.addingReportingOverflow(span)
      isValid = stride >= 0 && !overflows && !sumOverflows
      last = sum
    }
    guard isValid else { throw DataFileProblem.damaged(.strides(strides)) }
    return last
  }

  private var isContiguous: Bool {
    var expected = 1
    for (size, stride) in zip(shape, strides).reversed() where size != 1 {
      if stride != expected { return false }
      expected *= size
    }
    return true
  }

  /// The elements in row-major order. The caller has checked that all lie in `bytes`.
  private func gathered(from bytes: Data, count: Int, elementSize: Int) -> Data {
    var result = Data(count: count * elementSize)
    var position = [Int](repeating: 0, count: shape.count)
    var source = offset
    result.withUnsafeMutableBytes { (target: UnsafeMutableRawBufferPointer) in
      bytes.withUnsafeBytes { (storage: UnsafeRawBufferPointer) in
        for index in 0..<count {
          for byte in 0..<elementSize {
            target[index * elementSize + byte] = storage[source * elementSize + byte]
          }
          for dimension in shape.indices.reversed() {
            position[dimension] += 1
            // A dimension of size 1 may have any stride: stepping over it and back must not trap.
            source &+= strides[dimension]
            if position[dimension] < shape[dimension] { break }
            source &-= strides[dimension] &* shape[dimension]
            position[dimension] = 0
          }
        }
      }
    }
    return result
  }
}
