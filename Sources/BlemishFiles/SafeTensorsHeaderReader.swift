import BlemishSupport

/// Reads the JSON of a safetensors header and nothing else: an object of tensors and one of texts. Only that
/// shape is accepted, so nothing nests and hostile depth cannot arise; duplicate keys, which a general JSON
/// reader would merge silently, are errors.
struct SafeTensorsHeaderReader {
  /// What the header says of one tensor.
  struct Description {
    var elementType: ElementType
    var shape: [Int]
    /// Where its bytes are, counted from the end of the header.
    var offsets: Range<Int>
  }

  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  /// A reader of the header's bytes, which must stay valid while it is used.
  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  /// Reads the whole header.
  mutating func read() throws -> (tensors: [String: Description], metadata: [String: String]) {
    var tensors: [String: Description] = [:]
    var metadata: [String: String]?
    try readObject { reader, name in
      if name == "__metadata__" {
        guard metadata == nil else { throw reader.failure("__metadata__ occurs twice") }
        metadata = try reader.readTexts()
      } else {
        let description = try reader.readDescription(of: name)
        guard tensors.updateValue(description, forKey: name) == nil else {
          throw reader.failure("tensor \(name) occurs twice")
        }
      }
    }
    skipSpace()
    guard position == bytes.count else { throw failure("more follows its end") }
    return (tensors, metadata ?? [:])
  }

  private mutating func readTexts() throws -> [String: String] {
    var texts: [String: String] = [:]
    try readObject { reader, key in
      guard texts.updateValue(try reader.readString(), forKey: key) == nil else {
        throw reader.failure("metadata \(key) occurs twice")
      }
    }
    return texts
  }

  private mutating func readDescription(of name: String) throws -> Description {
    var elementType: ElementType?
    var shape: [Int]?
    var offsets: [Int]?
    try readObject { reader, key in
      switch key {
      case "dtype" where elementType == nil:
        let type = try reader.readString()
        elementType = ElementType(rawValue: type)
        guard elementType != nil else {
          throw DataFileProblem.tensor(
            name, .elementType(type, readable: ElementType.allCases.map(\.rawValue)))
        }
      case "shape" where shape == nil: shape = try reader.readNumbers()
      case "data_offsets" where offsets == nil: offsets = try reader.readNumbers()
      default: throw reader.failure("tensor \(name) has an unknown or repeated key \(key)")
      }
    }
    guard let elementType, let shape, let offsets, offsets.count == 2, offsets[0] <= offsets[1] else {
      throw failure("tensor \(name) lacks a valid dtype, shape or data_offsets")
    }
    return Description(elementType: elementType, shape: shape, offsets: offsets[0]..<offsets[1])
  }

  /// Reads an object; `readValue` reads the value of the key it is given.
  private mutating func readObject(
    _ readValue: (inout SafeTensorsHeaderReader, String) throws -> Void
  ) throws {
    try expect("{")
    if accept("}") { return }
    repeat {
      let key = try readString()
      try expect(":")
      try readValue(&self, key)
    } while accept(",")
    try expect("}")
  }

  private mutating func readNumbers() throws -> [Int] {
    try expect("[")
    var numbers: [Int] = []
    if accept("]") { return numbers }
    repeat { numbers.append(try readNumber()) } while accept(",")
    try expect("]")
    return numbers
  }

  private mutating func readNumber() throws -> Int {
    skipSpace()
    let start = position
    var number = 0
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
      let (tens, overflowsTens) = number.multipliedReportingOverflow(by: 10)
      let (sum, overflows) = tens.addingReportingOverflow(Int(bytes[position] - 0x30))
      guard !overflowsTens, !overflows else { throw failure("a number is out of range") }
      number = sum
      position += 1
    }
    let digits = position - start
    guard digits == 1 || (digits > 1 && bytes[start] != 0x30) else {
      throw failure("a whole number is missing")
    }
    return number
  }

  private mutating func readString() throws -> String {
    try expect("\"")
    var text: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw failure("a text is not valid UTF-8")
        }
        return string
      case UInt8(ascii: "\\"): text.append(contentsOf: try readEscape())
      case 0..<0x20: throw failure("a text has an unescaped control character")
      default: text.append(byte)
      }
    }
    throw failure("a text does not end")
  }

  /// Reads what follows a backslash and returns its UTF-8.
  private mutating func readEscape() throws -> [UInt8] {
    guard position < bytes.count else { throw failure("a text does not end") }
    let byte = bytes[position]
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var units = [try readCodeUnit()]
      if UTF16.isLeadSurrogate(units[0]), accept("\\", afterSpace: false), accept("u", afterSpace: false) {
        units.append(try readCodeUnit())
      }
      guard let text = String(validating: units, as: UTF16.self) else {
        throw failure("a text has half a surrogate pair")
      }
      return Array(text.utf8)
    default: throw failure("a text has an unknown escape")
    }
  }

  private mutating func readCodeUnit() throws -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard position < bytes.count, let digit = Character(UnicodeScalar(bytes[position])).hexDigitValue else {
        throw failure("a text has an unknown escape")
      }
      unit = unit << 4 | UInt16(digit)
      position += 1
    }
    return unit
  }

  private mutating func expect(_ character: Unicode.Scalar) throws {
    guard accept(character) else { throw failure("\(character) is missing") }
  }

  private mutating func accept(_ character: Unicode.Scalar, afterSpace: Bool = true) -> Bool {
    if afterSpace { skipSpace() }
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
  }

  private func failure(_ problem: String) -> DataFileProblem {
    .damaged(.header(byte: position, problem: problem))
  }
}
