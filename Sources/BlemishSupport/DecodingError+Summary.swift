extension DecodingError {
  /// What is wrong with which value, for a person to read.
  package var summary: String {
    func place(_ context: Context, _ last: [any CodingKey] = []) -> String {
      (context.codingPath + last).map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(
        separator: "."
      )
    }
    switch self {
    case .keyNotFound(let key, let context): return "'\(place(context, [key]))' is missing"
    case .valueNotFound(_, let context): return "'\(place(context))' is missing"
    case .typeMismatch(let type, let context): return "'\(place(context))' is not of the type \(type)"
    case .dataCorrupted(let context):
      let what = context.debugDescription
      return context.codingPath.isEmpty ? what : "'\(place(context))': \(what)"
    @unknown default: return "\(self)"
    }
  }
}
