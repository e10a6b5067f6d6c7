import BlemishFiles
import CTorch
import Foundation

/// A multi-dimensional array of libtorch's, freed when its last reference goes.
///
/// Operators carry the names that PyTorch gives them. A shape error is a programming error and traps with
/// libtorch's message, unless the code runs within ``withTorchErrors(_:)``.
///
/// A copy refers to the same memory. Reference counts are atomic, so tensors may cross threads; operators
/// whose names say that they work in place (`add_`) must not run on one tensor from two threads.
public struct Tensor: @unchecked Sendable {
  private final class Reference {
    let pointer: ct_tensor?
    init(_ pointer: ct_tensor?) { self.pointer = pointer }
    deinit { ct_release(pointer) }
  }

  private let reference: Reference

  /// libtorch's tensor, valid as long as this value lives.
  var pointer: ct_tensor? { reference.pointer }

  /// Takes over a reference that the C surface gave.
  init(owning pointer: ct_tensor?) {
    reference = Reference(pointer)
  }

  /// The result of an operator that failed within ``withTorchErrors(_:)``; every operator on it fails too.
  package static let undefined = Tensor(owning: nil)

  /// The sizes of all dimensions.
  public var shape: [Int] {
    [Int](unsafeUninitializedCapacity: ct_rank(pointer)) { buffer, count in
      count = ct_rank(pointer)
      buffer.withMemoryRebound(to: Int64.self) { ct_shape(pointer, $0.baseAddress) }
    }
  }

  /// The number of dimensions.
  public var rank: Int { ct_rank(pointer) }

  /// The size of one dimension; negative indices count from the last. Zero where there is no such dimension.
  public func size(_ dimension: Int) -> Int {
    let shape = shape
    let index = dimension < 0 ? dimension + shape.count : dimension
    return shape.indices.contains(index) ? shape[index] : 0
  }

  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }

  /// The type of the elements.
  public var elementType: ElementType { ElementType(code: ct_element_type(pointer)) ?? .float32 }
}

extension Tensor {
  /// A number that grows whenever the elements are changed in place, by an operator on this tensor or on one that shares
  /// its memory.
  public var version: Int { Int(ct_tensor_version(pointer)) }

  /// Lets ``version`` grow, after an operator that changed the elements without saying so.
  func bumpVersion() { ct_bump_version(pointer) }
}

extension Tensor {
  /// A tensor with the given elements, row-major.
  public init<Element: TensorElement>(_ elements: [Element], shape: [Int]) {
    precondition(elements.count == shape.reduce(1, *), "\(elements.count) elements do not fill \(shape)")
    self = elements.withUnsafeBytes { Tensor(copying: $0, elementType: Element.elementType, shape: shape) }
  }

  /// A tensor that holds a copy of row-major little-endian bytes.
  public init(copying bytes: UnsafeRawBufferPointer, elementType: ElementType, shape: [Int]) {
    precondition(bytes.count == elementType.byteCount * shape.reduce(1, *), "bytes do not fill \(shape)")
    var result: ct_tensor?
    let error = shape.map(Int64.init).withUnsafeBufferPointer {
      ct_from_memory(bytes.baseAddress, elementType.code, $0.baseAddress, $0.count, &result)
    }
    report(error)
    self.init(owning: result)
  }

  /// The tensor that a weight file holds.
  public init(_ stored: StoredTensor) {
    self = stored.bytes.withUnsafeBytes {
      Tensor(copying: $0, elementType: stored.elementType, shape: stored.shape)
    }
  }

  /// The elements, row-major, converted to `Element`.
  public func elements<Element: TensorElement>(_ type: Element.Type = Element.self) -> [Element] {
    let plain = to(device: .cpu).to(Element.elementType).contiguous()
    return plain.withUnsafeBytes { Array($0.bindMemory(to: Element.self)) }
  }

  /// The elements as single-precision numbers, row-major.
  public var floats: [Float] { elements(Float.self) }

  /// The only element of a tensor with one.
  public var item: Double { elements(Double.self).first ?? .nan }

  /// Gives access to the memory of a contiguous tensor on the processor.
  public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    precondition(pointer == nil || ct_is_contiguous(pointer), "only contiguous memory has an order")
    let start = ct_data(pointer).map { UnsafeRawPointer($0) }
    let length = start == nil ? 0 : count * elementType.byteCount
    return try withExtendedLifetime(self) { try body(UnsafeRawBufferPointer(start: start, count: length)) }
  }

  /// The tensor in the form in which weight files hold it.
  public var stored: StoredTensor {
    let plain = detach().to(device: .cpu).contiguous()
    return plain.withUnsafeBytes {
      try! StoredTensor(elementType: plain.elementType, shape: plain.shape, bytes: Data($0))
    }
  }
}

/// A Swift type that tensors can hold.
public protocol TensorElement: BitwiseCopyable {
  /// The element type of tensors that hold it.
  static var elementType: ElementType { get }
}

extension Float: TensorElement {
  /// Single precision.
  public static var elementType: ElementType { .float32 }
}
extension Double: TensorElement {
  /// Double precision.
  public static var elementType: ElementType { .float64 }
}
extension Int64: TensorElement {
  /// 64-bit integers.
  public static var elementType: ElementType { .int64 }
}
extension UInt8: TensorElement {
  /// Bytes.
  public static var elementType: ElementType { .uint8 }
}

extension ElementType {
  /// libtorch's number for the type (c10::ScalarType).
  var code: Int32 {
    switch self {
    case .uint8: 0
    case .int8: 1
    case .int16: 2
    case .int32: 3
    case .int64: 4
    case .float16: 5
    case .float32: 6
    case .float64: 7
    case .bool: 11
    case .bfloat16: 15
    }
  }

  init?(code: Int32) {
    let known: [Int32: ElementType] = [
      0: .uint8, 1: .int8, 2: .int16, 3: .int32, 4: .int64, 5: .float16, 6: .float32, 7: .float64, 11: .bool,
      15: .bfloat16,
    ]
    guard let type = known[code] else { return nil }
    self = type
  }
}

extension Tensor: CustomStringConvertible {
  /// The element type and the shape.
  public var description: String { "Tensor(\(elementType), \(shape))" }
}
