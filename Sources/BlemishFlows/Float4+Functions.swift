import BlemishTorch

// Arithmetic of four channels at a time.

/// Calls the body with the first of every four channels, of at least four; the last four may overlap the four before.
@inline(__always)
func eachFour(_ count: Int, _ body: (_ first: Int) -> Void) {
  for first in stride(from: 0, to: count & ~3, by: 4) { body(first) }
  if count % 4 != 0 { body(count - 4) }
}

/// Numbers in memory that are computed with in single precision.
protocol FourLoadable: BitwiseCopyable {
  static func four(_ start: UnsafePointer<Self>) -> Float4
  static func setFour(_ lane: Float4, _ start: UnsafeMutablePointer<Self>)
}

extension Float: FourLoadable {
  @inline(__always)
  static func four(_ start: UnsafePointer<Float>) -> Float4 { load(start) }

  @inline(__always)
  static func setFour(_ lane: Float4, _ start: UnsafeMutablePointer<Float>) { store(lane, start) }
}

/// The upper half of a single-precision number, to the nearest.
struct BFloat16Bits: FourLoadable {
  let bits: UInt16

  @inline(__always)
  static func four(_ start: UnsafePointer<Self>) -> Float4 {
    let halves = UnsafeRawPointer(start).loadUnaligned(as: SIMD4<UInt16>.self)
    return unsafeBitCast(SIMD4<UInt32>(truncatingIfNeeded: halves) &<< 16, to: Float4.self)
  }

  @inline(__always)
  static func setFour(_ lane: Float4, _ start: UnsafeMutablePointer<Self>) {
    let bits = unsafeBitCast(lane, to: SIMD4<UInt32>.self)
    let rounded = (bits &+ 0x7FFF &+ ((bits &>> 16) & 1)) &>> 16
    UnsafeMutableRawPointer(start).storeBytes(
      of: SIMD4<UInt16>(truncatingIfNeeded: rounded), as: SIMD4<UInt16>.self)
  }
}

/// What ``exp(_:)`` takes at most.
let largestExponent = 87.0

@inline(__always)
func sigmoid(_ x: Float4) -> Float4 {
  // Comparisons that are false of NaN, which goes through.
  let x = x.replacing(with: -87, where: x .< -87).replacing(with: 87, where: x .> 87)
  return 1 / (1 + exp(-x))
}

/// e to the power of x, from minus to plus 87, within two units in the last place: two to a whole power times a
/// polynomial on half a logarithm of two to either side of zero (Cephes's expf).
@inline(__always)
func exp(_ x: Float4) -> Float4 {
  // Adding 1.5 * 2^23 leaves the nearest whole number in the lowest bits.
  let shifted = x * 1.44269504 + 12_582_912
  let whole = shifted - 12_582_912
  let r = x - whole * 0.693359375 + whole * 2.12194440e-4
  var p = r * 1.9875691500e-4 + 1.3981999507e-3
  p = p * r + 8.3334519073e-3
  p = p * r + 4.1665795894e-2
  p = p * r + 1.6666665459e-1
  p = p * r + 5.0000001201e-1
  let power = unsafeBitCast(shifted, to: SIMD4<UInt32>.self) &<< 23 &+ 0x3F80_0000
  return (p * (r * r) + r + 1) * unsafeBitCast(power, to: Float4.self)
}

/// The arc tangent, within three units in the last place: a polynomial up to a sixteenth of a turn, to which larger
/// angles are brought (Cephes's atanf).
@inline(__always)
func atan(_ x: Float4) -> Float4 {
  let size = unsafeBitCast(unsafeBitCast(x, to: SIMD4<UInt32>.self) & 0x7FFF_FFFF, to: Float4.self)
  let (isLarge, isMiddling) = (size .> 2.414213562373095, size .> 0.4142135623730950)
  let angle = Float4.zero.replacing(with: 0.7853981633974483, where: isMiddling)
    .replacing(with: 1.5707963267948966, where: isLarge)
  let reduced = size.replacing(with: (size - 1) / (size + 1), where: isMiddling)
    .replacing(with: -1 / size, where: isLarge)
  let square = reduced * reduced
  var p = square * 8.05374449538e-2 - 1.38776856032e-1
  p = p * square + 1.99777106478e-1
  p = p * square - 3.33329491539e-1
  let result = angle + (p * square * reduced + reduced)
  return result.replacing(with: -result, where: x .< 0)
}
