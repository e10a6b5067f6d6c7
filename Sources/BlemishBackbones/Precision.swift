import BlemishFiles
import BlemishTorch

/// With what numbers backbones and flows compute. Sums of products, a flow's weights, the feature maps that a backbone
/// hands on and latents are single precision whatever it is.
public enum Precision: String, Sendable, Codable, CaseIterable {
  /// Single precision; bfloat16 for the embedded backbone and its tuning, where the processor has it
  /// (docs/research/performance.md).
  case auto
  /// Single precision, as published.
  case float32
  /// Products of bfloat16 numbers, summed in single precision: faster where the processor multiplies them in
  /// hardware, with eight bits of every number instead of 24.
  case bfloat16

  /// The type of the numbers that enter products.
  public var elementType: ElementType { self == .bfloat16 ? .bfloat16 : .float32 }

  /// What `auto` takes where numbers of 16 bits were measured to do no harm.
  public static func fastest(on device: Device) -> Precision {
    device == .cpu && Torch.hasBFloat16 ? .bfloat16 : .float32
  }

  /// The choice that gives products of these numbers.
  public init(_ elementType: ElementType) { self = elementType == .bfloat16 ? .bfloat16 : .float32 }
}
