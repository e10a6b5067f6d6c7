import BlemishFiles
import BlemishTorch

/// The coupling of a step, its scale and offset and its permutation in one pass over memory, and their derivative in
/// another, where operators would take a dozen each. Single precision on the processor, channels-last; what the subnet
/// gives may be bfloat16.
struct CouplingKernel {
  private let halves: [Tensor]
  private let channelScales: ChannelScales
  private var scale: Tensor { channelScales.values }
  private let offset: Tensor
  private let aType: ElementType
  private let batch: Int
  private let height: Int
  private let width: Int
  private let kept: Int
  private let changed: Int
  private let scales: ComputedScales
  private var gain: Float { scales.gain }
  /// For each place of the value the channel that comes there.
  private let order: [Int32]

  /// Whether there is one for such halves.
  static func takes(_ halves: [Tensor], clamp: Double) -> Bool {
    clamp <= largestExponent
      && halves.allSatisfy {
        $0.isOnProcessor && $0.elementType == .float32 && $0.size(1) >= Float4.scalarCount
      }
  }

  /// - Parameters:
  ///   - halves: what goes in, `[batch, channels, height, width]` each, channels-last.
  ///   - aType: the type of what the subnet gives.
  ///   - offset: that of every channel, `[1, channels, 1, 1]`.
  init(
    halves: [Tensor], aType: ElementType, clamp: Double, gain: Double, scale: ChannelScales, offset: Tensor,
    _ permutation: ChannelPermutation
  ) {
    self.halves = halves.map { $0.detach() }
    let shape = halves[1].shape
    (batch, height, width, changed) = (shape[0], shape[2], shape[3], shape[1])
    kept = halves[0].size(1)
    scales = ComputedScales(clamp: Float(clamp), gain: Float(gain))
    (channelScales, self.offset) = (scale, offset.detach())
    (self.aType, order) = (aType, permutation.order)
  }

  /// The values, the log-determinant of every picture, `[batch]`, and what the derivative needs of the scales (where
  /// they are computed, nothing unless it is to be kept). Of values in two halves the first comes once more, in the type
  /// of what the subnet gives where that is bfloat16: the next subnet takes it so.
  func values(_ a: Tensor, keeping: Bool, joining: Bool) -> (
    values: [Tensor], logDeterminant: Tensor, kept: Tensor
  ) {
    var values = joining ? [map(channels)] : [map(kept), map(changed)]
    if !joining, aType == .bfloat16 { values.append(map(kept, aType)) }
    let sums = Tensor.uninitialized([batch, blocks.perPicture], like: scale)
    let keptOfScales: Tensor
    let done: Bool
    if aType == .bfloat16 {
      keptOfScales = a.detach()
      done = pass(a, TabulatedScales.shared(scales), values, us: nil, sums)
    } else {
      keptOfScales = map(keeping ? changed : 1)
      done = pass(a.to(.float32), scales, values, us: keeping ? keptOfScales : nil, sums)
    }
    guard done else { return (values.map { _ in .undefined }, .undefined, .undefined) }
    var logDeterminants: [Float] = []
    withMemory(of: [sums]) {
      let sums = sums.memory(of: Float.self)
      logDeterminants = (0..<batch).map { picture in
        let ofPicture = (picture * blocks.perPicture..<(picture + 1) * blocks.perPicture)
          .reduce(0) { $0 + Double(sums[$1]) }
        return Float(ofPicture + channelScales.sumOfLogarithms * Double(height * width))
      }
    }
    return (values, Tensor(logDeterminants, shape: [batch]), keptOfScales)
  }

  /// Fills the values, the sum of s of every block, and u where there is room for it.
  /// - Returns: whether it could.
  private func pass<Scales: CouplingScales>(
    _ a: Tensor, _ scales: Scales, _ values: [Tensor], us allUs: Tensor?, _ sums: Tensor
  ) -> Bool {
    let (kept, changed) = (kept, changed)
    let others: [Tensor?] = [a, allUs, offset, scale, sums]
    return withMemory(of: halves + values + others.compactMap { $0 }) {
      let (x, y) = (rows(halves), rows(values))
      let (a, allUs) = (a.memory(of: Scales.Number.self), allUs?.memory(of: Float.self))
      let (scale, offset) = (scale.memory(of: Float.self), offset.memory(of: Float.self))
      let (rounded, sums) = (rounded(values), sums.memory(of: Float.self))
      blocks.forEach { block, _, pixels in
        withTemporaryFloats(channels + 2 * padded(changed)) { coupled in
          let us = coupled + channels
          let factors = us + padded(changed)
          // Where nothing is, u stands for s = 0.
          (us + changed).update(repeating: 0.5, count: padded(changed) - changed)
          var sum = Float4.zero
          for pixel in pixels {
            let (x1, x2, a) = (x.0[pixel], x.1[pixel], a + pixel * 2 * changed)
            scales.find(a, changed, us, factors)
            for i in stride(from: 0, to: changed, by: Float4.scalarCount) {
              sum += self.scales.logScale(load(us + i))
            }
            eachFour(kept) { store(load(x1 + $0) * load(scale + $0) + load(offset + $0), coupled + $0) }
            eachFour(changed) {
              let (t, c) = (gain * Scales.Number.four(a + changed + $0), kept + $0)
              let moved = load(x2 + $0) * load(factors + $0) + t
              store(moved * load(scale + c) + load(offset + c), coupled + c)
            }
            let (y1, y2) = (y.0[pixel], y.1[pixel])
            order.withUnsafeBufferPointer { order in
              let (first, second) = (order.baseAddress!, order.baseAddress! + kept)
              for place in 0..<kept { y1[place] = coupled[Int(first[place])] }
              for place in 0..<changed { y2[place] = coupled[Int(second[place])] }
            }
            if let rounded {
              let rounded = rounded + pixel * kept
              eachFour(kept) { BFloat16Bits.setFour(load(y1 + $0), rounded + $0) }
            }
            if let allUs { (allUs + pixel * changed).update(from: us, count: changed) }
          }
          sums[block] = sum.sum()
        }
      }
    }
  }

  /// The gradients of the halves, of what the subnet gave, and of the parameters of scale and offset, from those of the
  /// values and of every picture's log-determinant.
  func gradients(
    _ ofValues: [Tensor], _ ofLogDeterminant: Tensor, kept keptOfScales: Tensor, results: [Tensor]
  ) -> [Tensor] {
    let ofHalves = [map(kept), map(changed)]
    let ofA = map(2 * changed, aType)
    let sums = Tensor.zeros([batch * blocks.perPicture, 2 * channels], like: scale)
    let done =
      aType == .bfloat16
      ? gradientPass(
        TabulatedScales.shared(scales), ofValues, ofLogDeterminant, keptOfScales, results, ofHalves, ofA, sums
      )
      : gradientPass(scales, ofValues, ofLogDeterminant, keptOfScales, results, ofHalves, ofA, sums)
    guard done else { return Array(repeating: .undefined, count: 5) }
    let (ofScale, ofOffset) = gradientsOfScaleAndOffset(sums.sum([0]), ofLogDeterminant)
    return ofHalves + [ofA, ofScale, ofOffset]
  }

  /// The gradients of the parameters of scale and offset from, for every place of the value, the sums of its gradient
  /// and behind them of its product with the value.
  private func gradientsOfScaleAndOffset(_ sums: Tensor, _ ofLogDeterminant: Tensor) -> (Tensor, Tensor) {
    var ofOffset = [Float](repeating: 0, count: channels)
    var ofLogScale = ofOffset
    withMemory(of: [sums, offset, ofLogDeterminant]) {
      let (sums, offset) = (sums.memory(of: Float.self), offset.memory(of: Float.self))
      let ofLogDeterminant = ofLogDeterminant.memory(of: Float.self)
      let ofPixels = Float(height * width) * (0..<batch).reduce(0) { $0 + ofLogDeterminant[$1] }
      for (place, channel) in order.enumerated() {
        let (sum, productSum) = (sums[place], sums[channels + place])
        ofOffset[Int(channel)] = sum
        // The value is scale * coupled + offset, so that without the offset it is its own derivative by the scale's
        // logarithm; the log-determinant has that once for every pixel.
        ofLogScale[Int(channel)] = productSum - sum * offset[Int(channel)] + ofPixels
      }
    }
    return (channelScales.gradient(ofLogScale), Tensor(ofOffset, shape: offset.shape))
  }

  /// Fills the gradients and the sums of every block.
  /// - Returns: whether it could.
  private func gradientPass<Scales: CouplingScales>(
    _ scales: Scales, _ ofValues: [Tensor], _ ofSums: Tensor, _ keptOfScales: Tensor, _ results: [Tensor],
    _ ofHalves: [Tensor], _ ofA: Tensor, _ sums: Tensor
  ) -> Bool {
    let (kept, changed) = (kept, changed)
    let others: [Tensor] = [ofA, keptOfScales, ofSums, scale, sums]
    return withMemory(of: halves + results + ofHalves + ofValues + others) {
      let (x, y, ofX, ofY) = (rows(halves).1, rows(results), rows(ofHalves), rows(ofValues))
      let ofA = ofA.memory(of: Scales.Number.self)
      let (keptOfScales, keptStep) = (keptOfScales.memory(of: Scales.Kept.self), keptOfScales.size(1))
      let (ofSums, scale) = (ofSums.memory(of: Float.self), scale.memory(of: Float.self))
      let (ofRounded, sums) = (rounded(ofValues), sums.memory(of: Float.self))
      blocks.forEach { block, picture, pixels in
        withTemporaryFloats(2 * channels + changed) { ofCoupled in
          let us = ofCoupled + channels
          let factors = us + changed
          let ofBoth = factors + changed
          let sum = sums + block * 2 * channels
          let ofS = Float4(repeating: ofSums[picture])
          for pixel in pixels {
            @inline(__always)
            func take(_ ofY: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ start: Int, _ count: Int) {
              let (sum, productSum) = (sum + start, sum + channels + start)
              for i in 0..<count {
                sum[i] += ofY[i]
                productSum[i] += ofY[i] * y[i]
              }
              order.withUnsafeBufferPointer { order in
                let order = order.baseAddress! + start
                for place in 0..<count { ofCoupled[Int(order[place])] = ofY[place] }
              }
            }
            var ofY1 = ofY.0[pixel]
            if let ofRounded {
              let ofRounded = ofRounded + pixel * kept
              eachFour(kept) { store(load(ofY1 + $0) + BFloat16Bits.four(ofRounded + $0), ofBoth + $0) }
              ofY1 = ofBoth
            }
            take(ofY1, y.0[pixel], 0, kept)
            take(ofY.1[pixel], y.1[pixel], kept, changed)
            let (x2, ofX1, ofX2) = (x[pixel], ofX.0[pixel], ofX.1[pixel])
            let ofA = ofA + pixel * 2 * changed
            scales.findAgain(keptOfScales + pixel * keptStep, changed, us, factors)
            eachFour(kept) { store(load(ofCoupled + $0) * load(scale + $0), ofX1 + $0) }
            eachFour(changed) {
              let u = load(us + $0)
              let ofT = load(ofCoupled + kept + $0) * load(scale + kept + $0)
              let ofX = ofT * load(factors + $0)
              store(ofX, ofX2 + $0)
              // ds/da1 = 2 clamp * 2 gain * u (1 - u)
              let slope = (4 * self.scales.clamp * gain) * (u - u * u)
              Scales.Number.setFour((ofX * load(x2 + $0) + ofS) * slope, ofA + $0)
              Scales.Number.setFour(gain * ofT, ofA + changed + $0)
            }
          }
        }
      }
    }
  }
}

// Where things lie.
extension CouplingKernel {
  private var channels: Int { kept + changed }

  /// A new map of some channels, channels-last.
  private func map(_ channels: Int, _ type: ElementType = .float32) -> Tensor {
    .uninitializedChannelsLast([batch, channels, height, width], type)
  }

  /// The channels of a half, pixel by pixel.
  private struct Rows {
    let start: UnsafeMutablePointer<Float>
    let step: Int
    @inline(__always)
    subscript(_ pixel: Int) -> UnsafeMutablePointer<Float> { start + pixel * step }
  }

  /// The halves of two tensors, or of one.
  private func rows(_ halves: [Tensor]) -> (Rows, Rows) {
    let start = halves[0].memory(of: Float.self)
    if halves.count == 1 {
      return (Rows(start: start, step: channels), Rows(start: start + kept, step: channels))
    }
    return (Rows(start: start, step: kept), Rows(start: halves[1].memory(of: Float.self), step: changed))
  }

  /// The first half as it comes once more.
  private func rounded(_ values: [Tensor]) -> UnsafeMutablePointer<BFloat16Bits>? {
    values.count > 2 ? values[2].memory(of: BFloat16Bits.self) : nil
  }

  /// Blocks of 32 pixels.
  private var blocks: PictureBlocks {
    PictureBlocks(pictureSize: height * width, blockSize: 32, batch: batch)
  }
}

private func padded(_ count: Int) -> Int { (count + 3) & ~3 }
