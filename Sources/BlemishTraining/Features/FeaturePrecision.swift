import BlemishFiles

/// The numbers in which features wait for the flow.
public enum FeaturePrecision: String, Sendable, Codable, CaseIterable {
  /// Half the space; what is beyond 65504 becomes that.
  case float16
  /// As the backbone gives them.
  case float32

  var elementType: ElementType { self == .float16 ? .float16 : .float32 }
}
