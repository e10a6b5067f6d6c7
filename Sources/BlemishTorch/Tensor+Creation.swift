import BlemishFiles

extension Tensor {
  /// A tensor filled with one number.
  public static func full(
    _ shape: [Int], _ value: Double, elementType: ElementType = .float32, device: Device = .cpu
  ) -> Tensor {
    call("aten::full", shape, value, elementType, nil, device.description)
  }

  /// A tensor of zeros.
  public static func zeros(_ shape: [Int], elementType: ElementType = .float32, device: Device = .cpu)
    -> Tensor
  {
    full(shape, 0, elementType: elementType, device: device)
  }

  /// A tensor of ones.
  public static func ones(_ shape: [Int], elementType: ElementType = .float32, device: Device = .cpu)
    -> Tensor
  {
    full(shape, 1, elementType: elementType, device: device)
  }

  /// Standard normal numbers from libtorch's generator.
  public static func randn(_ shape: [Int], device: Device = .cpu) -> Tensor {
    call("aten::randn", shape, ElementType.float32, nil, device.description)
  }

  /// The whole numbers from 0 to `count` - 1.
  public static func arange(_ count: Int, elementType: ElementType = .float32) -> Tensor {
    call("aten::arange", count, elementType)
  }

  /// The identity matrix of a size, of the same type and on the same device as another tensor.
  public static func eye(_ size: Int, like other: Tensor) -> Tensor {
    call("aten::diag_embed", call("aten::new_ones", other, [size]))
  }

  /// A tensor of a shape, row-major, whose elements are not initialised, on another's device; of its type
  /// unless told otherwise.
  public static func uninitialized(
    _ shape: [Int], like other: Tensor, _ type: ElementType? = nil
  ) -> Tensor {
    call("aten::new_empty", other, shape, type ?? other.elementType)
  }

  /// A tensor `[batch, channels, height, width]` on the processor, the channels of a pixel side by side, whose elements
  /// are not initialised.
  package static func uninitializedChannelsLast(_ shape: [Int], _ type: ElementType) -> Tensor {
    call("aten::empty.memory_format", shape, type, nil, nil, nil, 2)
  }

  /// A tensor of zeros of a shape, of another's type and on its device.
  public static func zeros(_ shape: [Int], like other: Tensor) -> Tensor {
    call("aten::new_zeros", other, shape)
  }

  /// A zero tensor of the same shape, type and device.
  public var zerosLike: Tensor { call("aten::zeros_like", self) }

  /// A tensor of the same shape, type, device and order in memory, whose elements are not initialised.
  public var uninitializedLike: Tensor { call("aten::empty_like", self) }
}
