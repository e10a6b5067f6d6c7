import BlemishFiles
import BlemishTorch

/// The coupling of the fusion flow (Zhou et al., arXiv 2308.15300): `y = x * exp(s) + t` with `s = 0.636 clamp * atan(a / clamp)`, where a and t
/// are what a network gives. All are `[batch, channels, height, width]`.
struct FusionCoupling {
  /// About the largest absolute value of s.
  let clamp: Double

  /// What a network gives.
  typealias Change = (a: Tensor, t: Tensor)
  /// A value, and the sum of s of every picture, `[batch]`: its log-determinant.
  typealias Changed = (value: Tensor, sums: Tensor)

  /// About two over pi, as published: s stays within the clamp.
  private static var share: Double { 0.636 }

  func callAsFunction(_ x: Tensor, _ change: Change) -> Changed {
    takes(x, change) ? inOnePass(x, change) : byOperators(x, change)
  }

  /// The definition.
  func byOperators(_ x: Tensor, _ change: Change) -> Changed {
    let s = logScale(change)
    return (change.t.to(.float32).addcmul(x, s.exp()), s.sum([1, 2, 3]))
  }

  /// Backwards; the sums are those of the log-scales of the way there.
  func inverse(_ y: Tensor, _ change: Change) -> Changed {
    let s = logScale(change)
    return ((y - change.t.to(.float32)) * (-s).exp(), s.sum([1, 2, 3]))
  }

  private func logScale(_ change: Change) -> Tensor {
    (change.a.to(.float32) / clamp).atan() * (Self.share * clamp)
  }
}

// The same with its derivative, each in one pass over memory.
extension FusionCoupling {
  private func takes(_ x: Tensor, _ change: Change) -> Bool {
    clamp <= largestExponent && x.isOnProcessor && x.elementType == .float32
      && change.a.elementType == change.t.elementType
      && (x.size(1) * x.size(2) * x.size(3)).isMultiple(of: Float4.scalarCount)
  }

  /// The definition's results but for rounding; for pictures whose elements come in fours.
  func inOnePass(_ x: Tensor, _ change: Change) -> Changed {
    let outputs = Tensor.withDerivative(of: [x, change.a, change.t]) { needed in
      let pass = Pass(x: x, a: change.a, clamp: clamp, share: Self.share)
      let (value, sums) = pass.values(change.t.channelsLast(pass.type))
      return (
        [value, sums],
        { gradients in
          let ofValue = gradients[0]?.channelsLast() ?? pass.x.zerosLike
          let ofSums = gradients[1]?.contiguous() ?? .zeros([pass.x.size(0)], like: pass.x)
          let (ofX, ofA) = pass.gradients(ofValue, ofSums)
          return [ofX, ofA, ofValue.to(pass.type)]
        }
      )
    }
    return (outputs[0], outputs[1])
  }

  /// The kernels on one batch, of a and t in single precision or in bfloat16.
  private struct Pass {
    let x: Tensor
    let a: Tensor
    let clamp: Float
    let share: Float
    var type: ElementType { a.elementType }

    init(x: Tensor, a: Tensor, clamp: Double, share: Double) {
      self.x = x.detach().channelsLast()
      self.a = a.detach().channelsLast(a.elementType == .bfloat16 ? .bfloat16 : .float32)
      (self.clamp, self.share) = (Float(clamp), Float(share))
    }

    func values(_ t: Tensor) -> Changed {
      let value = x.uninitializedLike
      let sums = Tensor.uninitialized([x.size(0), blocks.perPicture], like: x)
      let done =
        type == .bfloat16
        ? fill(value, sums, t, BFloat16Bits.self) : fill(value, sums, t, Float.self)
      return done ? (value, sums.sum([1])) : (.undefined, .undefined)
    }

    private func fill<Number: FourLoadable>(
      _ value: Tensor, _ sums: Tensor, _ t: Tensor, _: Number.Type
    ) -> Bool {
      withMemory(of: [x, a, t, value, sums]) {
        let (x, y) = (x.memory(of: Float.self), value.memory(of: Float.self))
        let (a, t) = (a.memory(of: Number.self), t.memory(of: Number.self))
        let sums = sums.memory(of: Float.self)
        blocks.forEach { block, _, elements in
          var sum = Float4.zero
          for i in stride(from: elements.lowerBound, to: elements.upperBound, by: Float4.scalarCount) {
            let s = logScale(Number.four(a + i))
            sum += s
            store(load(x + i) * exp(s) + Number.four(t + i), y + i)
          }
          sums[block] = sum.sum()
        }
      }
    }

    func gradients(_ ofValue: Tensor, _ ofSums: Tensor) -> (ofX: Tensor, ofA: Tensor) {
      let (ofX, ofA) = (x.uninitializedLike, a.uninitializedLike)
      let done =
        type == .bfloat16
        ? fillGradients(ofX, ofA, ofValue, ofSums, BFloat16Bits.self)
        : fillGradients(ofX, ofA, ofValue, ofSums, Float.self)
      return done ? (ofX, ofA) : (.undefined, .undefined)
    }

    private func fillGradients<Number: FourLoadable>(
      _ ofX: Tensor, _ ofA: Tensor, _ ofValue: Tensor, _ ofSums: Tensor, _: Number.Type
    ) -> Bool {
      withMemory(of: [x, a, ofX, ofA, ofValue, ofSums]) {
        let (x, a) = (x.memory(of: Float.self), a.memory(of: Number.self))
        let (ofX, ofA) = (ofX.memory(of: Float.self), ofA.memory(of: Number.self))
        let (ofY, ofSums) = (ofValue.memory(of: Float.self), ofSums.memory(of: Float.self))
        blocks.forEach { _, picture, elements in
          let ofSum = Float4(repeating: ofSums[picture])
          for i in stride(from: elements.lowerBound, to: elements.upperBound, by: Float4.scalarCount) {
            let a = Number.four(a + i)
            let moved = load(ofY + i) * exp(logScale(a))
            store(moved, ofX + i)
            // ds/da = share / (1 + (a / clamp)^2)
            let ratio = a / clamp
            Number.setFour((moved * load(x + i) + ofSum) * (share / (1 + ratio * ratio)), ofA + i)
          }
        }
      }
    }

    @inline(__always)
    private func logScale(_ a: Float4) -> Float4 { atan(a / clamp) * (share * clamp) }

    /// Blocks of 4096 elements, of which every picture has a multiple of four.
    private var blocks: PictureBlocks {
      PictureBlocks(pictureSize: x.size(1) * x.size(2) * x.size(3), blockSize: 4096, batch: x.size(0))
    }
  }
}
