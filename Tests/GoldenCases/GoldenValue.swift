/// A value of a case's settings or of an accompanying JSON file.
public enum GoldenValue: Decodable, Sendable {
  case number(Double)
  case text(String)
  case list([GoldenValue])
  case object([String: GoldenValue])

  /// Reads any JSON but truth values and null, which no case has.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else if let text = try? container.decode(String.self) {
      self = .text(text)
    } else if let list = try? container.decode([GoldenValue].self) {
      self = .list(list)
    } else {
      self = .object(try container.decode([String: GoldenValue].self))
    }
  }

  /// The number. Like the accessors below, throws `GoldenError` where the value is something else.
  public var number: Double {
    get throws {
      guard case .number(let number) = self else { throw GoldenError("\(self) is not a number") }
      return number
    }
  }

  /// The whole number.
  public var integer: Int {
    get throws {
      guard let integer = Int(exactly: try number) else { throw GoldenError("\(self) is not whole") }
      return integer
    }
  }

  /// The text.
  public var text: String {
    get throws {
      guard case .text(let text) = self else { throw GoldenError("\(self) is not a text") }
      return text
    }
  }

  /// The list.
  public var list: [GoldenValue] {
    get throws {
      guard case .list(let list) = self else { throw GoldenError("\(self) is not a list") }
      return list
    }
  }

  /// The list of whole numbers.
  public var integers: [Int] {
    get throws { try list.map { try $0.integer } }
  }

  /// The list of texts.
  public var texts: [String] {
    get throws { try list.map { try $0.text } }
  }

  /// The values by key.
  public var object: [String: GoldenValue] {
    get throws {
      guard case .object(let object) = self else { throw GoldenError("\(self) is not an object") }
      return object
    }
  }
}
