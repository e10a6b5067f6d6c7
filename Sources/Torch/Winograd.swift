import CTorch

/// Convolutions of 3 x 3 with stride one by minimal filtering, F(4 x 4, 3 x 3) (Lavin and Gray, arXiv 1509.09308), and
/// their derivatives: a quarter of the multiplications.
///
/// Overlapping tiles of 6 x 6 pixels and the filters are transformed, multiplied place by place (for each of the 36
/// places a matrix product over the channels), and the products transformed back to 4 x 4 results. Results differ
/// from those of the sum of nine products by four times as much rounding. Single precision, channels-last, on the
/// processor.
nonisolated(unsafe) public var winogradOff = false
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
  /// - Parameter changing: whether the weight is transformed for this one convolution.
  init?(
    _ x: Tensor, weight: Tensor, stride: Int = 1, padding: Int, groups: Int = 1, changing: Bool
  ) {
    let (shape, filter) = (x.shape, weight.shape)
    guard !winogradOff, stride == 1, groups == 1, filter.count == 4, filter[2] == 3, filter[3] == 3, padding <= 1,
      filter[0] % Self.channelStep == 0, filter[1] % Self.channelStep == 0, shape.count == 4,
      x.elementType == .float32, weight.elementType == .float32, x.takesFusedOperators
    else { return nil }
    (batch, height, width) = (shape[0], shape[2] + 2 * padding - 2, shape[3] + 2 * padding - 2)
    self.padding = padding
    channels = max(filter[0], filter[1])
    let tiles = rows * columns
    guard height > 0, width > 0, changing ? batch * tiles >= 128 : tiles >= 16 else { return nil }
  }

  /// Channels are taken by lanes, and two of them make the least that products are fast with.
  private static let channelStep = 8

  /// The rows of tiles of a picture.
  private var rows: Int { (height + Self.side - 1) / Self.side }
  /// The tiles of a row.
  private var columns: Int { (width + Self.side - 1) / Self.side }

  /// A weight `[outputs, inputs, 3, 3]` as that of the products, some outputs after the other: each part
  /// `[36 * outputs, inputs, 1, 1]`, in an order of oneDNN's.
  /// - Parameter turned: whether to exchange inputs and outputs and turn the filters by half a turn, as the gradient of
  ///   the input wants it.
  func filters(_ weight: Tensor, turned: Bool = false) -> some Sequence<Tensor> {
    let weight = (turned ? weight.transpose(0, 1) : weight).channelsLast()
    let outputs = weight.size(0)
    let step = max(1, Self.largestPart / (Self.places * weight.size(1) * Self.channelStep)) * Self.channelStep
    return stride(from: 0, to: outputs, by: step).lazy.map { first in
      filters(weight, first..<min(first + step, outputs), turned: turned)
    }
  }

  /// Memory of more than 32 MB is fetched from the system anew every time, which takes longer than to fill it.
  private static let largestPart = 1 << 22

  private func filters(_ weight: Tensor, _ part: Range<Int>, turned: Bool) -> Tensor {
    let (inputs, lanes) = (weight.size(1), weight.size(1) / 4)
    let filters = Tensor.uninitialized([Self.places * part.count, inputs, 1, 1], like: weight)
    let (from, to) = (weight.lanes + 9 * lanes * part.lowerBound, filters.lanes)
    inParallel(part.count) { range in
      withScratch(Self.places * lanes) { scratch in
        for output in range {
          let filter = from + 9 * lanes * output
          FilterTransform.apply(
            from: turned ? filter + 8 * lanes : filter, row: turned ? -3 * lanes : 3 * lanes,
            column: turned ? -lanes : lanes, to: scratch, lanes: lanes)
          for place in 0..<Self.places {
            (to + lanes * (place * part.count + output)).update(from: scratch + place * lanes, count: lanes)
          }
        }
      }
    }
    return call(
      "mkldnn::_reorder_convolution_weight", filters, [0, 0], [1, 1], [1, 1], Self.places,
      [1, Self.places * inputs, rowsAtATime, columns])
  }

  /// The convolution of x by transformed filters.
  /// - Parameters:
  ///   - bias: one number for each output, of single precision.
  ///   - adding: added before the rectifier; its memory, which must not be x's, takes the result.
  func callAsFunction(
    _ x: Tensor, filters: some Sequence<Tensor>, outputs: Int, bias: Tensor?, rectifying: Bool = false,
    adding: Tensor? = nil
  ) -> Tensor {
    let x = x.channelsLast()
    let y = adding ?? Tensor.uninitialized([batch, height, width, outputs], like: x).permute([0, 3, 1, 2])
    var first = 0
    for filters in filters {
      for rows in blocks {
        let tiles = tiles(of: x, InputTransform.self, origin: -padding, rows)
        let products = tiles.fusedConv2d(filters, bias: nil, groups: Self.places)
        transformBack(
          products, to: y, from: first, rows, bias: bias, rectifying: rectifying, adding: adding != nil)
      }
      first += filters.size(0) / Self.places
    }
    return y
  }

  /// The gradient of the weight, `[outputs, inputs, 3, 3]`, from x and the gradient of the result.
  func weightGradient(_ x: Tensor, _ gradient: Tensor) -> Tensor {
    let (x, gradient) = (x.channelsLast(), gradient.channelsLast())
    let (inputs, outputs) = (x.size(1), gradient.size(1))
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
    let (from, to, lanes) = (ofFilters.lanes, result.lanes, inputs / 4)
    inParallel(outputs) { range in
      withScratch(Self.places * lanes) { scratch in
        for output in range {
          for place in 0..<Self.places {
            (scratch + place * lanes).update(from: from + lanes * (place * outputs + output), count: lanes)
          }
          FilterGradientTransform.apply(
            from: scratch, row: 6 * lanes, column: lanes, to: to + 9 * lanes * output, lanes: lanes)
        }
      }
    }
    return result
  }

  /// How many rows of tiles are taken at a time: so few that they stay in a cache, so many that the products are large,
  /// and always as many, since the order of the filters suits one number.
  private var rowsAtATime: Int {
    let least = max(128, (1 << 19) / (Self.places * channels)) / columns
    let all = batch * rows
    return (1...all).first { all % $0 == 0 && $0 >= least } ?? all
  }

  /// The rows of tiles of all pictures, a few at a time.
  private var blocks: [Range<Int>] {
    let step = rowsAtATime
    return stride(from: 0, to: batch * rows, by: step).map { $0..<($0 + step) }
  }

  /// Transformed tiles of some rows, `[1, 36 * channels, rows, columns]`, channels-last.
  /// - Parameter origin: where the first tile begins; beyond x are zeros.
  private func tiles<Transform: LineTransform>(
    of x: Tensor, _ transform: Transform.Type, origin: Int, _ block: Range<Int>
  ) -> Tensor {
    let lanes = x.size(1) / 4
    let (xHeight, xWidth) = (x.size(2), x.size(3))
    let tiles = Tensor.uninitialized([1, block.count, columns, Self.places * x.size(1)], like: x)
    let (from, to) = (x.lanes, tiles.lanes)
    let (xRow, inputs) = (xWidth * lanes, Transform.inputs)
    inParallel(block.count) { range in
      withScratch(inputs * inputs * lanes) { scratch in
        for row in range {
          let (picture, tileRow) = (block.lowerBound + row).quotientAndRemainder(dividingBy: rows)
          let top = tileRow * Self.side + origin
          for column in 0..<columns {
            let left = column * Self.side + origin
            let target = to + (row * columns + column) * Self.places * lanes
            let source = from + ((picture * xHeight + top) * xRow + left * lanes)
            if top >= 0, left >= 0, top + inputs <= xHeight, left + inputs <= xWidth {
              Transform.apply(from: source, row: xRow, column: lanes, to: target, lanes: lanes)
              continue
            }
            for i in 0..<inputs {
              for j in 0..<inputs {
                let place = scratch + (i * inputs + j) * lanes
                if (0..<xHeight).contains(top + i), (0..<xWidth).contains(left + j) {
                  place.update(from: source + (i * xRow + j * lanes), count: lanes)
                } else {
                  place.update(repeating: .zero, count: lanes)
                }
              }
            }
            Transform.apply(from: scratch, row: inputs * lanes, column: lanes, to: target, lanes: lanes)
          }
        }
      }
    }
    return tiles.permute([0, 3, 1, 2])
  }

  /// Transforms the products of some rows of tiles back into the channels of y from `first` on, and adds what comes
  /// with them.
  private func transformBack(
    _ products: Tensor, to y: Tensor, from first: Int, _ block: Range<Int>, bias: Tensor?, rectifying: Bool,
    adding: Bool
  ) {
    let lanes = products.size(1) / Self.places / 4
    let pixel = y.size(1) / 4
    let (from, to, bias) = (products.lanes, y.lanes + first / 4, bias.map { $0.lanes + first / 4 })
    let least = rectifying ? Float(0) : -.infinity
    inParallel(block.count) { range in
      withScratch(Self.side * Self.side * lanes) { scratch in
        for row in range {
          let (picture, tileRow) = (block.lowerBound + row).quotientAndRemainder(dividingBy: rows)
          for column in 0..<columns {
            OutputTransform.apply(
              from: from + (row * columns + column) * Self.places * lanes, row: 6 * lanes, column: lanes,
              to: scratch, lanes: lanes)
            for i in 0..<min(Self.side, height - tileRow * Self.side) {
              for j in 0..<min(Self.side, width - column * Self.side) {
                let y = picture * height + tileRow * Self.side + i
                let place = to + (y * width + column * Self.side + j) * pixel
                let result = scratch + (i * Self.side + j) * lanes
                for lane in 0..<lanes {
                  var value = result[lane]
                  if let bias { value += bias[lane] }
                  if adding { value += place[lane] }
                  place[lane] = value.replacing(with: least, where: value .< least)
                }
              }
            }
          }
        }
      }
    }
  }
}

extension LineTransform {
  /// The map along the columns and then the rows of a tile of `inputs x inputs` pixels, for all channels.
  /// - Parameters:
  ///   - x: the first channels of the first pixel; rows of pixels lie `row` lanes apart, pixels `column`.
  ///   - y: where `outputs x outputs` pixels go, one after the other.
  ///   - lanes: the number of channels over four; four lanes at a time, so that lines of the cache are read and written whole.
  @inline(__always)
  fileprivate static func apply(
    from x: UnsafePointer<Lane>, row: Int, column: Int, to y: UnsafeMutablePointer<Lane>, lanes: Int
  ) {
    withScratch(4 * inputs * outputs) { between in
      @inline(__always)
      func transform(_ first: Int, _ count: Int) {
        for j in 0..<inputs {
          for lane in 0..<count {
            apply(x + (j * column + first + lane), row, between + (4 * j + lane), 4 * inputs)
          }
        }
        for i in 0..<outputs {
          for lane in 0..<count {
            apply(between + (4 * inputs * i + lane), 4, y + (i * outputs * lanes + first + lane), lanes)
          }
        }
      }
      let whole = lanes & ~3
      for first in stride(from: 0, to: whole, by: 4) { transform(first, 4) }
      transform(whole, lanes - whole)
    }
  }
}

@inline(__always)
private func withScratch(_ lanes: Int, _ body: (UnsafeMutablePointer<Lane>) -> Void) {
  withUnsafeTemporaryAllocation(of: Lane.self, capacity: lanes) { body($0.baseAddress!) }
}

extension Tensor {
  /// The memory, four numbers at a time.
  fileprivate var lanes: UnsafeMutablePointer<Lane> {
    ct_data(pointer)!.assumingMemoryBound(to: Lane.self)
  }
}
