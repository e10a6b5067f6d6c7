import BlemishSupport
import Foundation

/// Reads pickles (protocols 2 to 5) as data. Nothing is imported, called or constructed: what a pickle would
/// build by running code is recorded as an object that carries the code's name
/// (https://docs.python.org/3/library/pickletools.html describes the instructions).
struct Unpickler {
  /// All values so far. Several pickles read one after the other share them.
  private(set) var nodes: [PickleGraph.Node] = []
  /// The names of what was met and not understood, in order of appearance, up to a limit.
  private(set) var passedOver: [String] = []

  private var reader: ByteReader
  private var stack: [Int] = []
  private var marks: [Int] = []
  private var memo: [Int: Int] = [:]
  private var work = 0

  init(_ reader: ByteReader) {
    self.reader = reader
  }

  /// What is left behind the pickles read so far.
  var rest: ByteReader { reader }

  /// Reads one pickle and returns the index of its value.
  ///
  /// - Throws: `DataFileProblem` when it is damaged, of an old protocol or unreasonably large.
  mutating func readPickle() throws -> Int {
    stack = []
    marks = []
    memo = [:]
    while true {
      try spend(1)
      let code = try reader.read(UInt8.self)
      if code == UInt8(ascii: ".") { return try pop() }
      let isDone = try readSimpleValue(code) || readContainer(code) || readMemo(code) || readObject(code)
      guard isDone else {
        throw DataFileProblem.unsupported(.pickleInstruction("\(code)"))
      }
    }
  }

  // MARK: Instructions

  private mutating func readSimpleValue(_ code: UInt8) throws -> Bool {
    switch UnicodeScalar(code) {
    case "N": push(.none)
    case "\u{88}": push(.bool(true))
    case "\u{89}": push(.bool(false))
    case "J": push(.integer(Int(try reader.read(Int32.self))))
    case "K": push(.integer(Int(try reader.read(UInt8.self))))
    case "M": push(.integer(Int(try reader.read(UInt16.self))))
    case "\u{8A}": try pushInteger(reader.readBytes(reader.read(UInt8.self)))
    case "\u{8B}": try pushInteger(reader.readBytes(reader.read(Int32.self)))
    case "G": push(.number(Double(bitPattern: UInt64(bigEndian: try reader.read()))))
    case "U", "\u{8C}": push(.text(try reader.readText(reader.read(UInt8.self))))
    case "T", "X": push(.text(try reader.readText(reader.read(UInt32.self))))
    case "\u{8D}": push(.text(try reader.readText(reader.read(UInt64.self))))
    case "C": push(.bytes(try reader.readBytes(reader.read(UInt8.self))))
    case "B": push(.bytes(try reader.readBytes(reader.read(UInt32.self))))
    case "\u{8E}", "\u{96}": push(.bytes(try reader.readBytes(reader.read(UInt64.self))))
    default: return false
    }
    return true
  }

  private mutating func readContainer(_ code: UInt8) throws -> Bool {
    switch UnicodeScalar(code) {
    case "(": marks.append(stack.count)
    case ")": push(.tuple([]))
    case "t": push(.tuple(try popToMark()))
    case "\u{85}": push(.tuple(try popLast(1)))
    case "\u{86}": push(.tuple(try popLast(2)))
    case "\u{87}": push(.tuple(try popLast(3)))
    case "]": push(.list([]))
    case "}": push(.dictionary([]))
    case "\u{8F}": push(.set([]))
    case "\u{91}": push(.set(try popToMark()))
    case "a": try extend(with: popLast(1))
    case "s": try extend(with: popLast(2))
    case "e", "u", "\u{90}": try extend(with: popToMark())
    default: return false
    }
    return true
  }

  private mutating func readMemo(_ code: UInt8) throws -> Bool {
    switch UnicodeScalar(code) {
    case "q": memo[Int(try reader.read(UInt8.self))] = try top()
    case "r": memo[Int(try reader.read(UInt32.self))] = try top()
    case "\u{94}": memo[memo.count] = try top()
    case "h": try recall(Int(reader.read(UInt8.self)))
    case "j": try recall(Int(reader.read(UInt32.self)))
    case "0":
      if let mark = marks.last, mark == stack.count { marks.removeLast() } else { _ = try pop() }
    case "1": _ = try popToMark()
    case "2": stack.append(try top())
    default: return false
    }
    return true
  }

  private mutating func readObject(_ code: UInt8) throws -> Bool {
    switch UnicodeScalar(code) {
    case "\u{80}":
      let version = try reader.read(UInt8.self)
      guard (2...5).contains(version) else {
        throw DataFileProblem.unsupported(.pickleProtocol(Int(version)))
      }
    case "\u{95}": _ = try reader.read(UInt64.self)
    case "c": pushGlobal(module: try reader.readLine(), name: try reader.readLine())
    case "\u{93}":
      let names = try popLast(2)
      guard case .text(let module) = nodes[names[0]], case .text(let name) = nodes[names[1]] else {
        throw Self.damaged
      }
      pushGlobal(module: module, name: name)
    case "R", "\u{81}":
      let call = try popLast(2)
      stack.append(try value(of: call[0], arguments: call[1]))
    case "\u{92}":
      let call = try popLast(3)
      stack.append(try value(of: call[0], arguments: call[1]))
    case "b":
      // An object's attributes: of objects nothing is kept, and containers are their items.
      _ = try pop()
      _ = try top()
    case "Q": stack.append(add(try persistentValue(pop())))
    default: return false
    }
    return true
  }

  // MARK: Objects

  private mutating func pushGlobal(module: String, name: String) {
    let global = PickleGlobal(module: module, name: name)
    if global.meaning == nil, passedOver.count < Self.maximumNames, !passedOver.contains(global.name) {
      passedOver.append(global.name)
    }
    push(.global(global))
  }

  /// The index of what calling a global would give, as far as it is data.
  private mutating func value(of callable: Int, arguments: Int) throws -> Int {
    guard case .tuple(let arguments) = nodes[arguments] else { throw Self.damaged }
    guard case .global(let global) = nodes[callable] else { return add(.object("an object")) }
    let opaque = PickleGraph.Node.object(global.name)
    switch global.meaning {
    case nil, .storage: return add(opaque)
    case .dictionary:
      if arguments.isEmpty { return add(.dictionary([])) }
      return add(try pairedItems(of: arguments[0]).map { .dictionary($0) } ?? opaque)
    case .list: return add(try items(of: arguments).map { .list($0) } ?? opaque)
    case .tuple: return add(try items(of: arguments).map { .tuple($0) } ?? opaque)
    case .set: return add(try items(of: arguments).map { .set($0) } ?? opaque)
    case .latin1Bytes:
      guard let first = arguments.first, case .text(let text) = nodes[first] else { return add(opaque) }
      return add(.latin1Bytes(text))
    case .tensor: return add(try tensor(arguments) ?? opaque)
    case .parameter: return arguments.first ?? add(opaque)
    case .tensorWithAttributes:
      // The function is a global of its own; requiring .tensor or .parameter keeps this from nesting.
      guard arguments.count >= 3, case .global(let inner) = nodes[arguments[0]] else { return add(opaque) }
      switch inner.meaning {
      case .tensor, .parameter: return try value(of: arguments[0], arguments: arguments[2])
      default: return add(opaque)
      }
    }
  }

  /// What a persistent identifier stands for: `("storage", type, key, location, count)`.
  private func persistentValue(_ identifier: Int) throws -> PickleGraph.Node {
    guard case .tuple(let parts) = nodes[identifier], parts.count >= 5,
      case .text("storage") = nodes[parts[0]], case .global(let type) = nodes[parts[1]],
      case .text(let key) = nodes[parts[2]], case .integer(let count) = nodes[parts[4]]
    else { return .object("a persistent object") }
    guard case .storage(let elementType) = type.meaning else { return .object(type.name) }
    if parts.count > 5, case .none = nodes[parts[5]] {
    } else if parts.count > 5 {
      throw DataFileProblem.unsupported(.storageViews)
    }
    return .storage(TensorStorage(elementType: elementType, key: key, count: count))
  }

  /// A tensor of the arguments `(storage, offset, shape, strides, ...)`, nil where they are not such.
  private func tensor(_ arguments: [Int]) throws -> PickleGraph.Node? {
    guard arguments.count >= 4, case .storage(let storage) = nodes[arguments[0]],
      case .integer(let offset) = nodes[arguments[1]],
      let shape = integers(arguments[2]), let strides = integers(arguments[3])
    else { return nil }
    return .tensor(StridedTensor(storage: storage, offset: offset, shape: shape, strides: strides))
  }

  private func integers(_ index: Int) -> [Int]? {
    guard case .tuple(let items) = nodes[index], items.count <= 64 else { return nil }
    var integers: [Int] = []
    for item in items {
      guard case .integer(let integer) = nodes[item] else { return nil }
      integers.append(integer)
    }
    return integers
  }

  /// The items of the one container that the arguments consist of; nothing if there are no arguments.
  private mutating func items(of arguments: [Int]) throws -> [Int]? {
    guard let first = arguments.first else { return [] }
    switch nodes[first] {
    case .list(let items), .tuple(let items), .set(let items):
      // A copy as soon as either is changed, so it counts.
      try spend(items.count)
      return items
    default: return nil
    }
  }

  private mutating func pairedItems(of index: Int) throws -> [Int]? {
    guard let pairs = try items(of: [index]) else { return nil }
    var result: [Int] = []
    for pair in pairs {
      switch nodes[pair] {
      case .list(let items) where items.count == 2, .tuple(let items) where items.count == 2: result += items
      default: return nil
      }
    }
    return result
  }

  // MARK: The stack

  private mutating func add(_ node: PickleGraph.Node) -> Int {
    nodes.append(node)
    return nodes.count - 1
  }

  private mutating func push(_ node: PickleGraph.Node) {
    stack.append(add(node))
  }

  private mutating func pushInteger(_ bytes: Data) throws {
    guard bytes.count > 8 else {
      var value = 0
      for (index, byte) in bytes.enumerated() { value |= Int(byte) << (8 * index) }
      // The sign is the topmost bit that is there.
      let unused = 64 - 8 * bytes.count
      return push(.integer(unused < 64 ? (value << unused) >> unused : 0))
    }
    push(.largeInteger(bytes))
  }

  /// The topmost value. Values below the latest mark are out of reach, as a well-formed pickle never needs them.
  private func top() throws -> Int {
    guard let last = stack.last, stack.count > marks.last ?? 0 else { throw Self.damaged }
    return last
  }

  private mutating func pop() throws -> Int {
    let last = try top()
    stack.removeLast()
    return last
  }

  private mutating func popLast(_ count: Int) throws -> [Int] {
    guard stack.count - (marks.last ?? 0) >= count else { throw Self.damaged }
    defer { stack.removeLast(count) }
    return Array(stack.suffix(count))
  }

  private mutating func popToMark() throws -> [Int] {
    guard let mark = marks.popLast() else { throw Self.damaged }
    defer { stack.removeLast(stack.count - mark) }
    return Array(stack[mark...])
  }

  private mutating func recall(_ key: Int) throws {
    guard let index = memo[key] else { throw Self.damaged }
    stack.append(index)
  }

  /// Adds items to the container on top of the stack.
  private mutating func extend(with items: [Int]) throws {
    let container = try top()
    let remake: ([Int]) -> PickleGraph.Node
    switch nodes[container] {
    case .list: remake = PickleGraph.Node.list
    case .set: remake = PickleGraph.Node.set
    case .dictionary where items.count.isMultiple(of: 2): remake = PickleGraph.Node.dictionary
    case .object: return
    default: throw Self.damaged
    }
    var all = takeItems(of: container)
    all += items
    nodes[container] = remake(all)
  }

  /// Takes the items out of a container: an array must have one owner while it grows, otherwise adding one item
  /// after the other takes quadratic time.
  private mutating func takeItems(of container: Int) -> [Int] {
    defer { nodes[container] = .none }
    switch nodes[container] {
    case .list(let items), .set(let items), .dictionary(let items): return items
    default: return []
    }
  }

  /// Counts instructions and copied items: what bounds time and memory, whatever a pickle says.
  private mutating func spend(_ amount: Int) throws {
    work += amount
    guard work <= Self.maximumWork else {
      throw DataFileProblem.excessive(.objects(limit: Self.maximumWork))
    }
  }

  private static let maximumWork = 2_000_000
  private static let maximumNames = 100

  private static var damaged: DataFileProblem { .damaged(.pickle) }
}
