/// A pixel in the making: grey is in the first lane, RGB in the first three, whatever it may be in the rest.
/// Double, because then the sums are exact (see ``ResamplingWeights``) and round the same way everywhere.
typealias Pixel = SIMD4<Double>

/// Resizes one way, then the other, rounding to whole sample values after each pass and limiting to
/// `0...maximum`, exactly as Pillow 13 does: the published pipelines feed their networks with Pillow's pixels.
///
/// Rows are kept only for as long as target rows need them, so that memory does not grow with the height.
///
/// - Parameters:
///   - load: writes source row `y` as `source.width` pixels.
///   - store: takes target row `y` of `target.width` pixels.
func resample(
  from source: (width: Int, height: Int),
  to target: (width: Int, height: Int),
  filter: ResamplingFilter,
  maximum: Double,
  load: (_ y: Int, _ pixels: UnsafeMutablePointer<Pixel>) -> Void,
  store: (_ y: Int, _ pixels: UnsafePointer<Pixel>) -> Void
) {
  let across = ResamplingWeights(filter, from: source.width, to: target.width)
  let down = ResamplingWeights(filter, from: source.height, to: target.height)
  // Pillow's choice since version 13; earlier ones always go across first. It shows in the last bit.
  let isDownFirst = source.height - target.height > max(0, 2 * (source.width - target.width))
  let keptWidth = isDownFirst ? source.width : target.width
  let capacity = source.width + target.width + keptWidth * (down.stride + 1)
  withUnsafeTemporaryAllocation(of: Pixel.self, capacity: capacity) { memory in
    memory.initialize(repeating: .zero)
    let loaded = memory.baseAddress!
    let result = loaded + source.width
    let sum = result + target.width
    let kept = sum + keptWidth
    var nextRow = 0
    for y in 0..<target.height {
      let range = down.ranges[y]
      nextRow = max(nextRow, range.lowerBound)
      while nextRow < range.upperBound {
        let row = kept + nextRow % down.stride * keptWidth
        if isDownFirst || source.width == target.width {
          load(nextRow, row)
        } else {
          load(nextRow, loaded)
          resampleRow(loaded, to: row, weights: across, maximum: maximum)
        }
        nextRow += 1
      }
      sum.update(repeating: .zero, count: keptWidth)
      for (tap, sourceRow) in range.enumerated() {
        let weight = down.weights[y * down.stride + tap]
        let row = kept + sourceRow % down.stride * keptWidth
        for x in 0..<keptWidth { sum[x] += weight * row[x] }
      }
      for x in 0..<keptWidth { sum[x] = rounded(sum[x], maximum: maximum) }
      if isDownFirst && source.width != target.width {
        resampleRow(sum, to: result, weights: across, maximum: maximum)
        store(y, result)
      } else {
        store(y, sum)
      }
    }
  }
}

@inline(__always)
private func resampleRow(
  _ source: UnsafePointer<Pixel>,
  to target: UnsafeMutablePointer<Pixel>,
  weights: ResamplingWeights,
  maximum: Double
) {
  weights.weights.withUnsafeBufferPointer { values in
    weights.ranges.withUnsafeBufferPointer { ranges in
      for x in 0..<ranges.count {
        var weight = values.baseAddress! + x * weights.stride
        var sum = Pixel.zero
        for position in ranges[x] {
          sum += weight.pointee * source[position]
          weight += 1
        }
        target[x] = rounded(sum, maximum: maximum)
      }
    }
  }
}

/// Limits to `0...maximum` and rounds to whole numbers, halves up.
@inline(__always)
private func rounded(_ pixel: Pixel, maximum: Double) -> Pixel {
  let limited = pixel.clamped(lowerBound: .zero, upperBound: Pixel(repeating: maximum))
  // Adding and taking away 2^52 rounds to whole numbers without a call for each lane.
  let bits = Pixel(repeating: 0x1p52)
  let raised = limited + 0.5
  let nearest = (raised + bits) - bits
  return nearest.replacing(with: nearest - 1, where: nearest .> raised)
}

extension Picture {
  /// Resizes to a given size, feeding the rows of the result to `store`.
  func resample(
    width targetWidth: Int,
    height targetHeight: Int,
    filter: ResamplingFilter,
    store: (_ y: Int, _ pixels: UnsafePointer<Pixel>) -> Void
  ) {
    func run<Sample: FixedWidthInteger & UnsignedInteger & SIMDScalar>(_ values: [Sample]) {
      values.withUnsafeBufferPointer { values in
        BlemishImaging.resample(
          from: (width, height),
          to: (targetWidth, targetHeight),
          filter: filter,
          maximum: Double(samples.maximum),
          load: { y, pixels in
            let row = values.baseAddress! + y * width * channels
            guard channels == 3 else {
              for x in 0..<width { pixels[x] = Pixel(Double(row[x]), 0, 0, 0) }
              return
            }
            // Read with the sample behind it, which nobody looks at; behind the last pixel there is none.
            let count = y == height - 1 ? width - 1 : width
            for x in 0..<count {
              let four = UnsafeRawPointer(row + 3 * x).loadUnaligned(as: SIMD4<Sample>.self)
              pixels[x] = Pixel(four)
            }
            if count < width {
              let last = row + 3 * count
              pixels[count] = Pixel(Double(last[0]), Double(last[1]), Double(last[2]), 0)
            }
          },
          store: store
        )
      }
    }
    switch samples {
    case .eightBit(let values): run(values)
    case .sixteenBit(let values): run(values)
    }
  }

  /// The picture at another size, at the same precision.
  public func resized(width targetWidth: Int, height targetHeight: Int, filter: ResamplingFilter) -> Picture {
    precondition(targetWidth > 0 && targetHeight > 0, "a picture has at least one pixel")
    func run<Sample: FixedWidthInteger & UnsignedInteger>(_: Sample.Type) -> [Sample] {
      let count = targetWidth * targetHeight * channels
      return [Sample](unsafeUninitializedCapacity: count) { target, initializedCount in
        resample(width: targetWidth, height: targetHeight, filter: filter) { y, pixels in
          var position = y * targetWidth * channels
          for x in 0..<targetWidth {
            for channel in 0..<channels {
              target[position] = Sample(pixels[x][channel])
              position += 1
            }
          }
        }
        initializedCount = count
      }
    }
    let resized: Samples =
      switch samples {
      case .eightBit: .eightBit(run(UInt8.self))
      case .sixteenBit: .sixteenBit(run(UInt16.self))
      }
    return Picture(width: targetWidth, height: targetHeight, channels: channels, samples: resized)
  }
}
