import Torch

/// The coupling of a step, its scale and offset and its permutation in one pass over memory, and their derivative in
/// another, where operators would take a dozen each. Single precision on the processor, channels-last; what the subnet
/// gives may be bfloat16.
struct CouplingKernel {
  /// The scales of all channels.
  let scale: Tensor
  private let halves: [Tensor]
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
        $0.isOnProcessor && $0.elementType == .float32 && $0.size(1) >= Lane.scalarCount
      }
  }

  /// - Parameters:
  ///   - halves: what goes in, `[batch, channels, height, width]` each, channels-last.
  ///   - aType: the type of what the subnet gives.
  init(
    halves: [Tensor], aType: ElementType, clamp: Double, gain: Double, scale: Tensor,
    _ permutation: ChannelPermutation
  ) {
    self.halves = halves.map { $0.detach() }
    let shape = halves[1].shape
    (batch, height, width, changed) = (shape[0], shape[2], shape[3], shape[1])
    kept = halves[0].size(1)
    scales = ComputedScales(clamp: Float(clamp), gain: Float(gain))
    (self.aType, self.scale, order) = (aType, scale.detach(), permutation.order)
  }

  /// The values, what the derivative needs of the scales (where they are computed, nothing unless it is to be kept), and
  /// the sum of s of every picture, `[batch]`.
  func values(_ a: Tensor, offset: Tensor, keeping: Bool, joining: Bool) -> (
    values: [Tensor], kept: Tensor, sums: Tensor
  ) {
    let values = joining ? [map(kept + changed)] : [map(kept), map(changed)]
    let sums = Tensor.uninitialized([batch, blocks.perPicture], like: scale)
    let keptOfScales: Tensor
    let done: Bool
    if aType == .bfloat16 {
      keptOfScales = a.detach()
      done = pass(a, TabulatedScales.shared(scales), offset, values, us: nil, sums)
    } else {
      keptOfScales = map(keeping ? changed : 1)
      done = pass(a.to(.float32), scales, offset, values, us: keeping ? keptOfScales : nil, sums)
    }
    guard done else { return (values.map { _ in Tensor.undefined }, .undefined, .undefined) }
    return (values, keptOfScales, sums.sum([1]))
  }

  /// Fills the values, the sum of s of every block, and u where there is room for it.
  /// - Returns: whether it could.
  private func pass<Scales: CouplingScales>(
    _ a: Tensor, _ scales: Scales, _ offset: Tensor, _ values: [Tensor], us allUs: Tensor?, _ sums: Tensor
  ) -> Bool {
    let (kept, changed) = (kept, changed)
    let others: [Tensor?] = [a, allUs, offset, scale, sums]
    return withMemory(of: halves + values + others.compactMap { $0 }) {
      let (x, y) = (rows(halves), rows(values))
      let (a, allUs) = (a.memory(of: Scales.Number.self), allUs?.memory(of: Float.self))
      let (scale, offset) = (scale.memory(of: Float.self), offset.memory(of: Float.self))
      let sums = sums.memory(of: Float.self)
      blocks.forEach { block, _, pixels in
        withScratch(channels + 2 * padded(changed)) { coupled in
          let us = coupled + channels
          let factors = us + padded(changed)
          // Where nothing is, u stands for s = 0.
          (us + changed).update(repeating: 0.5, count: padded(changed) - changed)
          var sumOfBlock = 0.0
          for pixel in pixels {
            let (x1, x2, a) = (x.0[pixel], x.1[pixel], a + pixel * 2 * changed)
            scales.find(a, changed, us, factors)
            var sumOfPixel = Lane.zero
            for i in stride(from: 0, to: changed, by: Lane.scalarCount) {
              sumOfPixel += self.scales.logScale(load(us + i))
            }
            sumOfBlock += Double(sumOfPixel.sum())
            eachFour(kept) { store(load(x1 + $0) * load(scale + $0) + load(offset + $0), coupled + $0) }
            eachFour(changed) {
              let (t, c) = (gain * Scales.Number.four(a + changed + $0), kept + $0)
              let moved = load(x2 + $0) * load(factors + $0) + t
              store(moved * load(scale + c) + load(offset + c), coupled + c)
            }
            order.withUnsafeBufferPointer { order in
              let (y1, y2) = (y.0[pixel], y.1[pixel])
              for place in 0..<kept { y1[place] = coupled[Int(order[place])] }
              for place in 0..<changed { y2[place] = coupled[Int(order[kept + place])] }
            }
            if let allUs { (allUs + pixel * changed).update(from: us, count: changed) }
          }
          sums[block] = Float(sumOfBlock)
        }
      }
    }
  }

  /// The gradients of the halves and of what the subnet gave, from those of the values and of every picture's sum of s;
  /// and for every place of the value, `[1, channels, 1, 1]`, the sums of its gradient and of its product with the
  /// value.
  func gradients(_ ofValues: [Tensor], _ ofSums: Tensor, kept keptOfScales: Tensor, results: [Tensor]) -> (
    ofHalves: [Tensor], ofA: Tensor, sums: Tensor, productSums: Tensor
  ) {
    let ofHalves = [map(kept), map(changed)]
    let ofA = map(2 * changed, aType)
    let sums = Tensor.zeros([batch * blocks.perPicture, 2 * channels], like: scale)
    let done =
      aType == .bfloat16
      ? gradientPass(
        TabulatedScales.shared(scales), ofValues, ofSums, keptOfScales, results, ofHalves, ofA, sums)
      : gradientPass(scales, ofValues, ofSums, keptOfScales, results, ofHalves, ofA, sums)
    guard done else { return (ofHalves.map { _ in Tensor.undefined }, .undefined, .undefined, .undefined) }
    let totals = sums.sum([0]).reshape([2, 1, channels, 1, 1])
    return (ofHalves, ofA, totals.select(0, 0), totals.select(0, 1))
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
      let sums = sums.memory(of: Float.self)
      blocks.forEach { block, picture, pixels in
        withScratch(channels + 2 * changed) { ofCoupled in
          let us = ofCoupled + channels
          let factors = us + changed
          let sum = sums + block * 2 * channels
          let ofS = Lane(repeating: ofSums[picture])
          for pixel in pixels {
            @inline(__always)
            func take(_ ofY: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ start: Int, _ count: Int) {
              let (sum, productSum) = (sum + start, sum + channels + start)
              for i in 0..<count {
                sum[i] += ofY[i]
                productSum[i] += ofY[i] * y[i]
              }
              order.withUnsafeBufferPointer { order in
                for place in 0..<count { ofCoupled[Int(order[start + place])] = ofY[place] }
              }
            }
            take(ofY.0[pixel], y.0[pixel], 0, kept)
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
    Tensor.uninitialized([batch, height, width, channels], like: scale, type).permute([0, 3, 1, 2])
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

  /// Blocks of 32 pixels.
  private var blocks: PictureBlocks {
    PictureBlocks(pictureSize: height * width, blockSize: 32, batch: batch)
  }
}

private func padded(_ count: Int) -> Int { (count + 3) & ~3 }
