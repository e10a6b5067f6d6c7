import BlemishFiles
import CTorch

/// A value that operators take: a tensor, a number, a list, or an optional of these.
protocol OperatorArgument {
  var argument: Argument { get }
}

/// An argument in the form that the C surface knows.
enum Argument {
  case none
  case tensor(Tensor)
  case integer(Int)
  case real(Double)
  case boolean(Bool)
  case string(String)
  case integers([Int])
  case reals([Double])
  case booleans([Bool])
  /// A list in which places may be empty, as indexing takes.
  case tensors([Tensor?])
}

/// Calls an operator that returns one tensor, named with its overload: `call("aten::add.Tensor", a, b)`.
/// Arguments left out at the end take the schema's defaults.
@discardableResult
func call(_ name: String, _ arguments: (any OperatorArgument)?...) -> Tensor {
  callMany(name, arguments, capacity: 8).first ?? .undefined
}

/// Calls an operator that returns several tensors, or lists of them, flattened; at most `capacity`.
@discardableResult
func callMany(_ name: String, _ arguments: [(any OperatorArgument)?], capacity: Int) -> [Tensor] {
  let encoded = EncodedArguments(arguments.map { $0?.argument ?? .none })
  return withUnsafeTemporaryAllocation(of: ct_value.self, capacity: capacity) { results in
    var count = 0
    let error = withExtendedLifetime(arguments) {
      encoded.withValues { values in
        ct_call(name, values.baseAddress, values.count, results.baseAddress, capacity, &count)
      }
    }
    guard error == nil else {
      report(error)
      return Array(repeating: .undefined, count: capacity)
    }
    return results.prefix(count).map { result in
      precondition(result.tag == CT_TENSOR, "\(name) returns something else than tensors")
      return Tensor(owning: result.tensor)
    }
  }
}

extension Tensor: OperatorArgument {
  var argument: Argument { .tensor(self) }
}
extension Int: OperatorArgument {
  var argument: Argument { .integer(self) }
}
extension Double: OperatorArgument {
  var argument: Argument { .real(self) }
}
extension Bool: OperatorArgument {
  var argument: Argument { .boolean(self) }
}
extension String: OperatorArgument {
  var argument: Argument { .string(self) }
}
extension ElementType: OperatorArgument {
  var argument: Argument { .integer(Int(code)) }
}
extension Array: OperatorArgument where Element: OperatorListElement {
  var argument: Argument { Element.list(self) }
}

/// A value that operators take lists of.
protocol OperatorListElement {
  static func list(_ elements: [Self]) -> Argument
}
extension Int: OperatorListElement {
  static func list(_ elements: [Int]) -> Argument { .integers(elements) }
}
extension Double: OperatorListElement {
  static func list(_ elements: [Double]) -> Argument { .reals(elements) }
}
extension Bool: OperatorListElement {
  static func list(_ elements: [Bool]) -> Argument { .booleans(elements) }
}
extension Tensor: OperatorListElement {
  static func list(_ elements: [Tensor]) -> Argument { .tensors(elements) }
}
extension Optional: OperatorListElement where Wrapped == Tensor {
  static func list(_ elements: [Tensor?]) -> Argument { .tensors(elements) }
}

/// Arguments laid out for the C surface: lists lie in memory that outlives the call.
private struct EncodedArguments {
  private let values: [ct_value]
  private let owned: [UnsafeMutableRawPointer]

  init(_ arguments: [Argument]) {
    var owned: [UnsafeMutableRawPointer] = []

    func list<Element, Stored>(_ elements: [Element], _ convert: (Element) -> Stored)
      -> UnsafePointer<Stored>
    {
      let memory = UnsafeMutablePointer<Stored>.allocate(capacity: max(elements.count, 1))
      for (index, element) in elements.enumerated() { (memory + index).initialize(to: convert(element)) }
      owned.append(UnsafeMutableRawPointer(memory))
      return UnsafePointer(memory)
    }

    values = arguments.map { argument in
      var value = ct_value()
      switch argument {
      case .none:
        value.tag = CT_NONE
      case .tensor(let tensor):
        value.tag = CT_TENSOR
        value.tensor = tensor.pointer
      case .integer(let integer):
        value.tag = CT_INTEGER
        value.integer = Int64(integer)
      case .real(let real):
        value.tag = CT_REAL
        value.real = real
      case .boolean(let boolean):
        value.tag = CT_BOOLEAN
        value.boolean = boolean
      case .string(let text):
        value.tag = CT_STRING
        value.string = list(Array(text.utf8CString)) { $0 }
      case .integers(let integers):
        value.tag = CT_INTEGERS
        value.count = integers.count
        value.integers = list(integers) { Int64($0) }
      case .reals(let reals):
        value.tag = CT_REALS
        value.count = reals.count
        value.reals = list(reals) { $0 }
      case .booleans(let booleans):
        value.tag = CT_BOOLEANS
        value.count = booleans.count
        value.booleans = list(booleans) { $0 }
      case .tensors(let tensors):
        value.tag = CT_TENSORS
        value.count = tensors.count
        value.tensors = list(tensors) { $0?.pointer }
      }
      return value
    }
    self.owned = owned
  }

  func withValues<Result>(_ body: (UnsafeBufferPointer<ct_value>) -> Result) -> Result {
    defer { owned.forEach { $0.deallocate() } }
    return values.withUnsafeBufferPointer(body)
  }
}
