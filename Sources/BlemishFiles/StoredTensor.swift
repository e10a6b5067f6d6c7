import Foundation

/// The type of a stored tensor's elements. Raw values are the names safetensors files use.
public enum ElementType: String, Sendable, CaseIterable {
  case float64 = "F64"
  case float32 = "F32"
  case float16 = "F16"
  case bfloat16 = "BF16"
  case int64 = "I64"
  case int32 = "I32"
  case int16 = "I16"
  case int8 = "I8"
  case uint8 = "U8"
  case bool = "BOOL"

  /// The bytes one element takes.
  public var byteCount: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32: 4
    case .float16, .bfloat16, .int16: 2
    case .int8, .uint8, .bool: 1
    }
  }
}

/// A tensor as a file holds it: a shape and bytes, not yet on any device.
public struct StoredTensor: Sendable {
  /// The type of the elements.
  public let elementType: ElementType
  /// The size of each dimension; empty for a scalar.
  public let shape: [Int]
  /// The elements, row-major, contiguous, little-endian. They may be a slice of a storage: `startIndex` need not be 0,
  /// and the first byte need not be aligned.
  public let bytes: Data

  /// A tensor over bytes that are already laid out.
  ///
  /// - Throws: `DataFileProblem` when the shape is not one that `bytes` can hold exactly.
  public init(elementType: ElementType, shape: [Int], bytes: Data) throws {
    let expected = try Self.byteCount(of: elementType, shape: shape)
    guard bytes.count == expected else {
      throw DataFileProblem.byteCount(expected: expected, found: bytes.count)
    }
    self.elementType = elementType
    self.shape = shape
    self.bytes = bytes
  }

  /// A float32 tensor of the given elements, row-major. The shape must have as many elements.
  public init(floats: [Float], shape: [Int]) {
    self.init(elements: floats, elementType: .float32, shape: shape)
  }

  /// A float64 tensor of the given elements, row-major. The shape must have as many elements.
  public init(doubles: [Double], shape: [Int]) {
    self.init(elements: doubles, elementType: .float64, shape: shape)
  }

  /// An int64 tensor of the given elements, row-major. The shape must have as many elements.
  public init(int64s: [Int64], shape: [Int]) {
    self.init(elements: int64s, elementType: .int64, shape: shape)
  }

  private init<Element: BitwiseCopyable>(elements: [Element], elementType: ElementType, shape: [Int]) {
    precondition(
      elements.count == shape.reduce(1, *),
      "\(elements.count) elements do not make a tensor of \(shape)"
    )
    self.elementType = elementType
    self.shape = shape
    bytes = elements.withUnsafeBytes { Data($0) }
  }

  /// The number of elements.
  public var count: Int { bytes.count / elementType.byteCount }

  /// The elements, row-major, rounded to float32 where they are not.
  public func floats() -> [Float] {
    switch elementType {
    case .float32: elements { (value: Float) in value }
    case .float64: elements { (value: Double) in Float(value) }
    case .float16: elements { (value: Float16) in Float(value) }
    case .bfloat16: elements { (value: UInt16) in Float(bitPattern: UInt32(value) << 16) }
    case .int64: elements { (value: Int64) in Float(value) }
    case .int32: elements { (value: Int32) in Float(value) }
    case .int16: elements { (value: Int16) in Float(value) }
    case .int8: elements { (value: Int8) in Float(value) }
    case .uint8: elements { (value: UInt8) in Float(value) }
    case .bool: elements { (value: UInt8) in value == 0 ? 0 : 1 }
    }
  }

  /// The elements, row-major, as float64.
  public func doubles() -> [Double] {
    switch elementType {
    case .float64: elements { (value: Double) in value }
    case .int64: elements { (value: Int64) in Double(value) }
    case .int32: elements { (value: Int32) in Double(value) }
    default: floats().map(Double.init)
    }
  }

  /// The elements, row-major, of a tensor of integers or truth values.
  ///
  /// - Throws: `DataFileProblem` for a floating-point tensor.
  public func int64s() throws -> [Int64] {
    switch elementType {
    case .int64: elements { (value: Int64) in value }
    case .int32: elements { (value: Int32) in Int64(value) }
    case .int16: elements { (value: Int16) in Int64(value) }
    case .int8: elements { (value: Int8) in Int64(value) }
    case .uint8: elements { (value: UInt8) in Int64(value) }
    case .bool: elements { (value: UInt8) in value == 0 ? 0 : 1 }
    case .float64, .float32, .float16, .bfloat16:
      throw DataFileProblem.notWholeNumbers(elementType)
    }
  }

  /// The bytes a tensor takes, checked against overflow, so that a shape out of a file can be trusted later.
  ///
  /// - Throws: `DataFileProblem` for a negative size, too many dimensions, or a product out of range.
  static func byteCount(of elementType: ElementType, shape: [Int]) throws -> Int {
    guard shape.count <= maximumRank else {
      throw DataFileProblem.impossibleShape(Array(shape.prefix(maximumRank)))
    }
    // Zero dimensions count as one in the check: strides, which libtorch computes that way, must fit as well.
    var extent = elementType.byteCount
    for size in shape {
      let (product, overflows) = extent.multipliedReportingOverflow(by: max(size, 1))
      guard size >= 0, !overflows else {
        throw DataFileProblem.impossibleShape(shape)
      }
      extent = product
    }
    return shape.contains(0) ? 0 : extent
  }

  private static let maximumRank = 64

  private func elements<Element: BitwiseCopyable, Result: BitwiseCopyable>(
    _ convert: (Element) -> Result
  ) -> [Result] {
    bytes.withUnsafeBytes { source in
      [Result](unsafeUninitializedCapacity: count) { result, initializedCount in
        if Element.self == Result.self {
          // A plain copy matters in debug builds, where the loop below takes seconds for a large backbone.
          UnsafeMutableRawBufferPointer(result).copyMemory(from: source)
        } else {
          for index in 0..<count {
            let element = source.loadUnaligned(
              fromByteOffset: index * MemoryLayout<Element>.stride,
              as: Element.self
            )
            result.initializeElement(at: index, to: convert(element))
          }
        }
        initializedCount = count
      }
    }
  }
}
