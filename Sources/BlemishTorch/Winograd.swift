import CTorch

/// Convolutions of 3 x 3 with stride one by minimal filtering, F(4 x 4, 3 x 3) (Lavin and Gray, arXiv 1509.09308), and
/// their derivatives: a quarter of the multiplications.
///
/// Overlapping tiles of 6 x 6 pixels and the filters are transformed, multiplied place by place (for each of the 36
/// places a matrix product over the channels), and the products transformed back to 4 x 4 results. Results differ
/// from those of the sum of nine products by four times as much rounding. Single precision, channels-last, on the
/// processor.
struct Winograd {
  /// The places of a transformed tile.
  private static let places = 36
  /// The side of a tile's results.
  private static let side = 4

  private let batch: Int
  /// The size of the results.
  private let height: Int
  private let width: Int
  private let padding: Int
  /// The larger number of channels.
  private let channels: Int

  /// How to convolve pictures `[batch, channels, height, width]` by a weight `[outputs, channels, 3, 3]`; nil where it
  /// cannot be done so, or would not be faster.
  init?(
    _ x: Tensor, weight: Tensor, stride: Int = 1, padding: Int, groups: Int = 1, for purpose: Purpose
  ) {
    let (shape, filter) = (x.shape, weight.shape)
    guard stride == 1, groups == 1, padding <= 1, filter.count == 4, filter[2] == 3, filter[3] == 3,
      filter[0] >= Self.fewestChannels, filter[1] >= Self.fewestChannels, shape.count == 4,
      shape[1] == filter[purpose == .inputGradient ? 0 : 1], x.elementType == .float32,
      weight.elementType == .float32, x.takesFusedOperators
    else { return nil }
    (batch, height, width) = (shape[0], shape[2] + 2 * padding - 2, shape[3] + 2 * padding - 2)
    self.padding = padding
    channels = max(filter[0], filter[1])
    guard batch > 0, height > 0, width > 0 else { return nil }
    switch purpose {
    case .constantWeight: guard rows * columns >= 16 else { return nil }
    case .changingWeight, .inputGradient:
      guard batch * rows * columns >= max(64, min(filter[0], filter[1]) / 3) else { return nil }
    case .weightGradient: guard batch * rows * columns >= 64 else { return nil }
    }
  }

  /// What a convolution is done for. The tiles of a picture must be so many that less time is spent on the filters than
  /// is saved.
  enum Purpose {
    /// By filters that were transformed before.
    case constantWeight
    /// By filters to be transformed for it.
    case changingWeight
    /// The gradient of the input, which is a convolution of that of the output by the turned weight.
    case inputGradient
    /// The gradient of the weight.
    case weightGradient
  }

  /// With fewer, the transforms take longer than what is saved.
  private static let fewestChannels = 40

  /// The rows of tiles of a picture.
  private var rows: Int { (height + Self.side - 1) / Self.side }
  /// The tiles of a row.
  private var columns: Int { (width + Self.side - 1) / Self.side }

  /// A weight `[outputs, inputs, 3, 3]` as that of the products, some outputs after the other: each part
  /// `[36 * outputs, inputs, 1, 1]`, in an order of oneDNN's.
  /// - Parameter turned: whether to exchange inputs and outputs and turn the filters by half a turn, as the gradient of
  ///   the input wants it.
  func filters(_ weight: Tensor, turned: Bool = false) -> some Sequence<Tensor> {
    let outputs = weight.size(turned ? 1 : 0)
    let taps = Taps(weight, turned: turned)
    let size = max(Self.fewestChannels, Self.largestPart / (Self.places * taps.channels))
    let parts = (outputs + size - 1) / size
    // Parts of about one size: a transform takes four channels at least.
    return (0..<parts).lazy.map { part in
      filters(taps, outputs * part / parts..<outputs * (part + 1) / parts)
    }
  }

  /// How many numbers a part of the filters has at most, which lie twice in memory while it is brought into order.
  private static let largestPart = 1 << 21

  /// Where the nine taps of every filter lie.
  private struct Taps {
    let memory: Tensor
    /// The channels of a tap, which lie side by side.
    let channels: Int
    /// From the first tap of a filter to that of the next.
    let filter: Int
    /// From tap to tap, backwards if turned.
    let step: Int

    init(_ weight: Tensor, turned: Bool) {
      let (outputs, inputs) = (weight.size(0), weight.size(1))
      let rows = weight.channelsLast().permute([0, 2, 3, 1]).reshape([outputs, 9 * inputs])
      // Matrices are transposed several times as fast as tensors of more dimensions.
      memory = turned ? rows.transpose(0, 1).contiguous() : rows
      (channels, filter, step) = turned ? (outputs, outputs, -outputs * inputs) : (inputs, 9 * inputs, inputs)
    }

    /// The first tap of a filter.
    func first(of output: Int) -> UnsafePointer<Float> {
      UnsafePointer(memory.memory(of: Float.self)) + (output * filter - min(8 * step, 0))
    }
  }

  private func filters(_ taps: Taps, _ part: Range<Int>) -> Tensor {
    let inputs = taps.channels
    let filters = Tensor.uninitialized([Self.places * part.count, inputs, 1, 1], like: taps.memory)
    let done = withMemory(of: [taps.memory, filters]) {
      let to = filters.memory(of: Float.self)
      inParallel(part.count) { range in
        for output in range {
          FilterTransform.apply(
            from: taps.first(of: part.lowerBound + output), row: 3 * taps.step, column: taps.step,
            to: to + inputs * output, step: inputs * part.count, channels: inputs)
        }
      }
    }
    guard done else { return .undefined }
    return call(
      "mkldnn::_reorder_convolution_weight", filters, [0, 0], [1, 1], [1, 1], Self.places,
      [1, Self.places * inputs, rowsAtATime, columns])
  }

  /// The convolution of x by transformed filters.
  /// - Parameters:
  ///   - bias: one number for each output, of single precision.
  ///   - adding: added before the rectifier; its memory, which must not be x's, may take the result.
  func callAsFunction(
    _ x: Tensor, filters: some Sequence<Tensor>, outputs: Int, bias: Tensor?, rectifying: Bool = false,
    adding: Tensor? = nil
  ) -> Tensor {
    let x = x.channelsLast()
    if let adding, adding.shape != [batch, outputs, height, width] {
      fail("what is added has another shape than the result")
      return .undefined
    }
    let y =
      adding?.channelsLast()
      ?? Tensor.uninitialized([batch, height, width, outputs], like: x).permute([0, 3, 1, 2])
    var first = 0
    for filters in filters {
      for rows in blocks {
        let tiles = tiles(of: x, InputTransform.self, origin: -padding, rows)
        let products = tiles.directConv2d(filters, bias: nil, groups: Self.places)
        let done = transformBack(
          products, to: y, from: first, rows, bias: bias, rectifying: rectifying, adding: adding != nil)
        guard done else { return .undefined }
      }
      first += filters.size(0) / Self.places
    }
    // What is added may lie in another order, and is then a copy so far.
    guard let adding, adding.pointer != y.pointer else { return y }
    return adding.copy_(y)
  }

  /// The gradient of the weight, `[outputs, inputs, 3, 3]`, from x and the gradient of the result.
  func weightGradient(_ x: Tensor, _ gradient: Tensor) -> Tensor {
    let (x, gradient) = (x.channelsLast(), gradient.channelsLast())
    let (inputs, outputs) = (x.size(1), gradient.size(1))
    guard gradient.shape == [batch, outputs, height, width] else {
      fail("the gradient has another shape than the result")
      return .undefined
    }
    let ofFilters = Tensor.zeros([Self.places, outputs, inputs])
    for rows in blocks {
      func byPlace(_ tiles: Tensor) -> Tensor {
        tiles.permute([0, 2, 3, 1]).reshape([-1, Self.places, tiles.size(1) / Self.places])
      }
      ofFilters.addMatrixProducts_(
        byPlace(tiles(of: gradient, OutputGradientTransform.self, origin: 0, rows)).permute([1, 2, 0]),
        byPlace(tiles(of: x, InputTransform.self, origin: -padding, rows)).permute([1, 0, 2]))
    }
    let result = Tensor.uninitialized([outputs, 3, 3, inputs], like: x).permute([0, 3, 1, 2])
    let done = withMemory(of: [ofFilters, result]) {
      let (from, to) = (ofFilters.memory(of: Float.self), result.memory(of: Float.self))
      inParallel(outputs) { range in
        for output in range {
          FilterGradientTransform.apply(
            from: from + inputs * output, row: 6 * outputs * inputs, column: outputs * inputs,
            to: to + 9 * inputs * output, step: inputs, channels: inputs)
        }
      }
    }
    return done ? result : .undefined
  }

  /// How many rows of tiles are taken at a time: so few that they stay in a cache, so many that the products
  /// are large. The order of the filters suits one number, so that fewer at the end take longer: a number
  /// that divides all rows is taken where there is one of about the right size.
  private var rowsAtATime: Int {
    let least = max(1, max(128, (1 << 19) / (Self.places * channels)) / columns)
    let all = batch * rows
    guard all >= 2 * least else { return all }
    let parts = all / least
    return (least...2 * least).first { all % $0 == 0 } ?? (all + parts - 1) / parts
  }

  /// The rows of tiles of all pictures, a few at a time.
  var blocks: [Range<Int>] {
    let (step, all) = (rowsAtATime, batch * rows)
    return stride(from: 0, to: all, by: step).map { $0..<min($0 + step, all) }
  }

  /// Transformed tiles of some rows, `[1, 36 * channels, rows, columns]`, channels-last.
  /// - Parameter origin: where the first tile begins; beyond x are zeros.
  private func tiles<Transform: LineTransform>(
    of x: Tensor, _ transform: Transform.Type, origin: Int, _ block: Range<Int>
  ) -> Tensor {
    let channels = x.size(1)
    let (xHeight, xWidth) = (x.size(2), x.size(3))
    let tiles = Tensor.uninitialized([1, block.count, columns, Self.places * channels], like: x)
    let (xRow, inputs) = (xWidth * channels, Transform.inputs)
    let done = withMemory(of: [x, tiles]) {
      let (from, to) = (x.memory(of: Float.self), tiles.memory(of: Float.self))
      inParallel(block.count) { range in
        withTemporaryFloats(inputs * inputs * channels) { scratch in
          for row in range {
            let (picture, tileRow) = (block.lowerBound + row).quotientAndRemainder(dividingBy: rows)
            let top = tileRow * Self.side + origin
            for column in 0..<columns {
              let left = column * Self.side + origin
              let target = to + (row * columns + column) * Self.places * channels
              let source = from + ((picture * xHeight + top) * xRow + left * channels)
              if top >= 0, left >= 0, top + inputs <= xHeight, left + inputs <= xWidth {
                Transform.apply(
                  from: source, row: xRow, column: channels, to: target, step: channels,
                  channels: channels)
                continue
              }
              for i in 0..<inputs {
                for j in 0..<inputs {
                  let place = scratch + (i * inputs + j) * channels
                  if (0..<xHeight).contains(top + i), (0..<xWidth).contains(left + j) {
                    place.update(from: source + (i * xRow + j * channels), count: channels)
                  } else {
                    place.update(repeating: 0, count: channels)
                  }
                }
              }
              Transform.apply(
                from: scratch, row: inputs * channels, column: channels, to: target, step: channels,
                channels: channels)
            }
          }
        }
      }
    }
    return done ? tiles.permute([0, 3, 1, 2]) : .undefined
  }

  /// Transforms the products of some rows of tiles back into the channels of y from `first` on, and adds what comes
  /// with them.
  /// - Returns: whether it could.
  private func transformBack(
    _ products: Tensor, to y: Tensor, from first: Int, _ block: Range<Int>, bias: Tensor?, rectifying: Bool,
    adding: Bool
  ) -> Bool {
    let (channels, pixel) = (products.size(1) / Self.places, y.size(1))
    let least = Float4(repeating: rectifying ? 0 : -.infinity)
    return withMemory(of: [products, y, bias].compactMap { $0 }) {
      let (from, to, bias) = (
        products.memory(of: Float.self), y.memory(of: Float.self) + first,
        bias.map { $0.memory(of: Float.self) + first }
      )
      inParallel(block.count) { range in
        withTemporaryFloats(Self.side * Self.side * channels) { scratch in
          for row in range {
            let (picture, tileRow) = (block.lowerBound + row).quotientAndRemainder(dividingBy: rows)
            for column in 0..<columns {
              OutputTransform.apply(
                from: from + (row * columns + column) * Self.places * channels, row: 6 * channels,
                column: channels, to: scratch, step: channels, channels: channels)
              for i in 0..<min(Self.side, height - tileRow * Self.side) {
                for j in 0..<min(Self.side, width - column * Self.side) {
                  let y = picture * height + tileRow * Self.side + i
                  let place = to + (y * width + column * Self.side + j) * pixel
                  let result = scratch + (i * Self.side + j) * channels
                  for first in stride(from: 0, to: channels & ~3, by: 4) {
                    var value = load(result + first)
                    if let bias { value += load(bias + first) }
                    if adding { value += load(place + first) }
                    // Of a NaN the comparison is false.
                    store(value.replacing(with: least, where: value .< least), place + first)
                  }
                  for channel in channels & ~3..<channels {
                    var value = result[channel]
                    if let bias { value += bias[channel] }
                    if adding { value += place[channel] }
                    place[channel] = value < least[0] ? least[0] : value
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}
