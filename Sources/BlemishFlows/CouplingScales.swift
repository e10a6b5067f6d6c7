import BlemishTorch
import Synchronization

/// The scales of a coupling's changed channels, of what its subnet says of a pixel: u = sigmoid(0.2 a1) and the factors
/// `exp(s)`.
///
/// The log-scale `s = clamp * tanh(0.1 a1)` is `clamp * (2 u - 1)`, whose slope u gives too.
protocol CouplingScales {
  /// What the subnet gives.
  associatedtype Number: FourLoadable
  /// What is kept for the derivative.
  associatedtype Kept: BitwiseCopyable
  /// Finds u and factors of `count` channels.
  func find(
    _ a: UnsafePointer<Number>, _ count: Int, _ us: UnsafeMutablePointer<Float>,
    _ factors: UnsafeMutablePointer<Float>)
  /// Finds them again, of what is kept.
  func findAgain(
    _ kept: UnsafePointer<Kept>, _ count: Int, _ us: UnsafeMutablePointer<Float>,
    _ factors: UnsafeMutablePointer<Float>)
}

/// Computed in single precision. Keeps u.
struct ComputedScales: CouplingScales {
  let clamp: Float
  let gain: Float

  /// `s = clamp * (2 u - 1)`.
  @inline(__always)
  func logScale(_ u: Float4) -> Float4 { (2 * clamp) * u - clamp }

  @inline(__always)
  func find(
    _ a: UnsafePointer<Float>, _ count: Int, _ us: UnsafeMutablePointer<Float>,
    _ factors: UnsafeMutablePointer<Float>
  ) {
    eachFour(count) { store(sigmoid(2 * gain * load(a + $0)), us + $0) }
    eachFour(count) { store(exp(logScale(load(us + $0))), factors + $0) }
  }

  @inline(__always)
  func findAgain(
    _ kept: UnsafePointer<Float>, _ count: Int, _ us: UnsafeMutablePointer<Float>,
    _ factors: UnsafeMutablePointer<Float>
  ) {
    us.update(from: kept, count: count)
    eachFour(count) { store(exp(logScale(load(us + $0))), factors + $0) }
  }
}

/// Looked up: in 16 bits a subnet can say 65,536 things, of which it says so few that they stay in cache. Keeps what
/// it said.
struct TabulatedScales: CouplingScales {
  /// u and the factor of every pattern of bits.
  private let entries: [SIMD2<Float>]

  @inline(__always)
  func find(
    _ a: UnsafePointer<BFloat16Bits>, _ count: Int, _ us: UnsafeMutablePointer<Float>,
    _ factors: UnsafeMutablePointer<Float>
  ) {
    entries.withUnsafeBufferPointer { entries in
      for i in 0..<count {
        let entry = entries.baseAddress![Int(a[i].bits)]
        (us[i], factors[i]) = (entry.x, entry.y)
      }
    }
  }

  @inline(__always)
  func findAgain(
    _ kept: UnsafePointer<BFloat16Bits>, _ count: Int, _ us: UnsafeMutablePointer<Float>,
    _ factors: UnsafeMutablePointer<Float>
  ) { find(kept, count, us, factors) }

  private init(_ computed: ComputedScales) {
    let count = 1 << 16
    let said = (0..<count).map { Float(bitPattern: UInt32($0) << 16) }
    var (us, factors) = ([Float](repeating: 0, count: count), [Float](repeating: 0, count: count))
    computed.find(said, count, &us, &factors)
    entries = zip(us, factors).map { SIMD2($0, $1) }
  }

  private static let made = Mutex<[SIMD2<Float>: TabulatedScales]>([:])

  /// The table of a clamp and a gain, which all couplings share that have both.
  static func shared(_ computed: ComputedScales) -> TabulatedScales {
    made.withLock { made in
      let key = SIMD2(computed.clamp, computed.gain)
      if let table = made[key] { return table }
      let table = TabulatedScales(computed)
      made[key] = table
      return table
    }
  }
}
