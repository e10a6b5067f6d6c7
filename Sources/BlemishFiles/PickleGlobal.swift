/// A class or function that a pickle names. A few are understood, as data; none is ever run.
struct PickleGlobal: Sendable {
  /// What is understood.
  enum Meaning: Sendable {
    case dictionary, list, tuple, set
    /// Bytes, written as Latin-1 text by protocol 2.
    case latin1Bytes
    case storage(ElementType)
    case tensor
    /// A wrapper whose first argument is the tensor itself.
    case parameter
    /// A function and its arguments, for tensors that carry attributes.
    case tensorWithAttributes
  }

  /// The full name, such as `torch._utils._rebuild_tensor_v2`, shortened if unreasonably long.
  let name: String
  /// What it stands for; nil for all that is passed over.
  let meaning: Meaning?

  init(module: String, name: String) {
    self.name = [module, name].map { String($0.unicodeScalars.prefix(Self.maximumLength)) }.joined(
      separator: "."
    )
    meaning = Self.meanings[self.name]
  }

  private static let maximumLength = 100

  private static let meanings: [String: Meaning] = {
    var meanings: [String: Meaning] = [
      "collections.OrderedDict": .dictionary,
      "torch.Size": .tuple,
      "_codecs.encode": .latin1Bytes,
      "torch._utils._rebuild_tensor": .tensor,
      "torch._utils._rebuild_tensor_v2": .tensor,
      "torch._utils._rebuild_parameter": .parameter,
      "torch._utils._rebuild_parameter_with_state": .parameter,
      "torch._tensor._rebuild_from_type_v2": .tensorWithAttributes,
    ]
    for module in ["builtins", "__builtin__"] {
      meanings["\(module).dict"] = .dictionary
      meanings["\(module).list"] = .list
      meanings["\(module).tuple"] = .tuple
      meanings["\(module).set"] = .set
      meanings["\(module).frozenset"] = .set
    }
    for elementType in ElementType.allCases {
      meanings["torch.\(storageName(of: elementType))"] = .storage(elementType)
      meanings["torch.cuda.\(storageName(of: elementType))"] = .storage(elementType)
    }
    return meanings
  }()

  /// The class of `torch` whose objects hold elements of a type.
  static func storageName(of elementType: ElementType) -> String {
    switch elementType {
    case .float64: "DoubleStorage"
    case .float32: "FloatStorage"
    case .float16: "HalfStorage"
    case .bfloat16: "BFloat16Storage"
    case .int64: "LongStorage"
    case .int32: "IntStorage"
    case .int16: "ShortStorage"
    case .int8: "CharStorage"
    case .uint8: "ByteStorage"
    case .bool: "BoolStorage"
    }
  }
}
