/// A value read from a pickle. It is a view of what the file says: looking at it costs nothing until its
/// content is asked for, one level at a time.
public struct PickledValue: Sendable {
  /// What a value is.
  public enum Content: Sendable {
    /// Python's `None`.
    case none
    /// A truth value.
    case bool(Bool)
    /// An integer of at most 64 bits.
    case integer(Int)
    /// A floating-point number.
    case number(Double)
    /// A text.
    case text(String)
    /// Bytes.
    case bytes([UInt8])
    /// The elements of a list.
    case list([PickledValue])
    /// The elements of a tuple.
    case tuple([PickledValue])
    /// The elements of a set, as the file orders them.
    case set([PickledValue])
    /// The entries of a dictionary, as the file orders them.
    case dictionary([(key: PickledValue, value: PickledValue)])
    /// A tensor: `PickledValue.tensor()` reads it.
    case tensor
    /// Anything else: the name of the class or function that Python would run to make it.
    case object(String)
  }

  let graph: PickleGraph
  let index: Int

  /// What the value is, its parts as further views.
  public var content: Content {
    switch graph.nodes[index] {
    case .none: .none
    case .bool(let bool): .bool(bool)
    case .integer(let integer): .integer(integer)
    case .largeInteger: .object("a large integer")
    case .number(let number): .number(number)
    case .text(let text): .text(text)
    case .bytes(let bytes): .bytes([UInt8](bytes))
    case .latin1Bytes(let text): .bytes(text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) })
    case .list(let items): .list(items.map(view))
    case .tuple(let items): .tuple(items.map(view))
    case .set(let items): .set(items.map(view))
    case .dictionary(let items):
      .dictionary(stride(from: 0, to: items.count, by: 2).map { (view(items[$0]), view(items[$0 + 1])) })
    case .global(let global): .object(global.name)
    case .storage: .object("a storage")
    case .tensor: .tensor
    case .object(let name): .object(name)
    }
  }

  /// The value of a text key; nil if there is none or this is not a dictionary.
  public subscript(key: String) -> PickledValue? {
    guard case .dictionary(let items) = graph.nodes[index] else { return nil }
    // The last one counts, as in Python.
    for position in stride(from: items.count - 2, through: 0, by: -2) {
      if case .text(key) = graph.nodes[items[position]] { return view(items[position + 1]) }
    }
    return nil
  }

  /// The tensor, nil if this is something else.
  ///
  /// - Throws: `DataFileError` when the file does not hold all of it.
  public func tensor() throws -> StoredTensor? {
    guard case .tensor(let tensor) = graph.nodes[index] else { return nil }
    var copyBudget = graph.copyLimit
    return try DataFileError.naming(graph.path) {
      try tensor.contiguous(in: graph.storages, copyBudget: &copyBudget)
    }
  }

  /// All tensors in this dictionary or list, those further down under names joined by dots, such as
  /// `parallel_flows.0.module_list.0.global_scale`.
  ///
  /// - Throws: `DataFileError` for a tensor that the file does not hold whole, and for values that contain
  ///   themselves or each other beyond all measure.
  public func tensors() throws -> [String: StoredTensor] {
    try DataFileError.naming(graph.path) {
      var result: [String: StoredTensor] = [:]
      var copyBudget = graph.copyLimit
      // A value may occur in many places, each of which is another name. This bounds what all names take.
      var nameBudget = 1_000_000 + 256 * graph.nodes.count
      var pending = [(name: "", index: index)]
      while let (name, index) = pending.popLast() {
        if case .tensor(let tensor) = graph.nodes[index] {
          guard result[name] == nil else {
            throw DataFileProblem.duplicate(name)
          }
          do {
            result[name] = try tensor.contiguous(in: graph.storages, copyBudget: &copyBudget)
          } catch let problem as DataFileProblem {
            throw DataFileProblem.tensor(name, problem)
          }
        }
        // To look through a value's parts costs as well, those too that hold no tensors.
        nameBudget -= graph.nodes[index].partCount
        for (key, child) in namedChildren(of: index) {
          nameBudget -= 64 + name.utf8.count + key.utf8.count
          guard nameBudget > 0 else {
            throw DataFileProblem.excessive(.repetition)
          }
          pending.append((name.isEmpty ? key : "\(name).\(key)", child))
        }
      }
      return result
    }
  }

  /// The parts of a value that can be or hold tensors.
  private func namedChildren(of index: Int) -> [(key: String, index: Int)] {
    func holdsTensors(_ index: Int) -> Bool {
      switch graph.nodes[index] {
      case .tensor, .list, .tuple, .dictionary: true
      default: false
      }
    }
    switch graph.nodes[index] {
    case .list(let items), .tuple(let items):
      return items.enumerated().filter { holdsTensors($0.element) }.map { (String($0.offset), $0.element) }
    case .dictionary(let items):
      return stride(from: 0, to: items.count, by: 2).compactMap { position in
        guard holdsTensors(items[position + 1]) else { return nil }
        return switch graph.nodes[items[position]] {
        case .text(let key): (key, items[position + 1])
        case .integer(let key): (String(key), items[position + 1])
        default: nil
        }
      }
    default: return []
    }
  }

  private func view(_ index: Int) -> PickledValue { PickledValue(graph: graph, index: index) }
}
