import BlemishFiles
import CTorch

extension Tensor {
  /// The elements in another element type.
  public func to(_ type: ElementType) -> Tensor {
    type == elementType ? self : call("aten::to.dtype", self, type)
  }
  /// The same elements, row-major in memory.
  public func contiguous() -> Tensor { call("aten::contiguous", self) }
  /// The same `[batch, channels, height, width]` elements, with the channels of a pixel side by side in memory.
  public func channelsLast() -> Tensor { call("aten::contiguous", self, 2) }
  /// The elements as numbers of another type, with the channels of a pixel side by side in memory.
  public func channelsLast(_ type: ElementType) -> Tensor {
    type == elementType ? channelsLast() : call("aten::to.dtype", self, type, false, false, 2)
  }
  /// The order of dimensions in which the memory is row-major, with the channels, the last dimension but two, behind
  /// the others; nil where that is the dimensions' own.
  var memoryOrder: [Int]? {
    guard rank > 2, !ct_is_contiguous(pointer) else { return nil }
    let channelsLast = Self.channelsLastOrder(rank)
    return ct_is_contiguous(permute(channelsLast).pointer) ? channelsLast : nil
  }
  /// So many dimensions with the channels, the last but two, behind the others.
  static func channelsLastOrder(_ rank: Int) -> [Int] { (0..<rank).filter { $0 != rank - 3 } + [rank - 3] }
  /// The same memory with dimensions in another order; nil for their own.
  func permuted(_ order: [Int]?) -> Tensor { order.map(permute) ?? self }
  /// A copy in memory of its own.
  public func clone() -> Tensor { call("aten::clone", self) }
  /// The elements under another shape; -1 stands for what is left.
  public func reshape(_ shape: [Int]) -> Tensor { call("aten::reshape", self, shape) }
  /// The same memory with dimensions in another order.
  public func permute(_ order: [Int]) -> Tensor { call("aten::permute", self, order) }
  /// The same memory with two dimensions exchanged.
  public func transpose(_ first: Int, _ second: Int) -> Tensor {
    call("aten::transpose.int", self, first, second)
  }
  /// Merges the dimensions from `start` to `end` into one.
  public func flatten(from start: Int = 0, to end: Int = -1) -> Tensor {
    call("aten::flatten.using_ints", self, start, end)
  }
  /// A view with a dimension of size one.
  public func unsqueeze(_ dimension: Int) -> Tensor { call("aten::unsqueeze", self, dimension) }
  /// A view without a dimension of size one.
  public func squeeze(_ dimension: Int) -> Tensor { call("aten::squeeze.dim", self, dimension) }
  /// A view of `length` slices from `start` along a dimension.
  public func narrow(_ dimension: Int, from start: Int, length: Int) -> Tensor {
    call("aten::narrow", self, dimension, start, length)
  }
  /// A view of every `step`-th slice along a dimension, from the first on.
  public func every(_ step: Int, along dimension: Int) -> Tensor {
    call("aten::slice.Tensor", self, dimension, nil, nil, step)
  }
  /// A view of one slice along a dimension, without the dimension.
  public func select(_ dimension: Int, _ index: Int) -> Tensor {
    call("aten::select.int", self, dimension, index)
  }
  /// Views of consecutive parts along a dimension.
  public func split(_ sizes: [Int], along dimension: Int) -> [Tensor] {
    callMany("aten::split_with_sizes", [self, sizes, dimension], capacity: sizes.count)
  }
  /// Slices in the order of an index tensor of 64-bit integers.
  public func indexSelect(_ dimension: Int, _ index: Tensor) -> Tensor {
    call("aten::index_select", self, dimension, index)
  }
  /// The same memory, repeated without copying along dimensions of size one.
  public func expand(_ shape: [Int]) -> Tensor { call("aten::expand", self, shape) }
  /// Tensors joined along a dimension.
  public static func cat(_ tensors: [Tensor], along dimension: Int) -> Tensor {
    call("aten::cat", tensors, dimension)
  }
  /// Tensors of one shape joined along a new dimension.
  public static func stack(_ tensors: [Tensor], along dimension: Int = 0) -> Tensor {
    call("aten::stack", tensors, dimension)
  }
}
