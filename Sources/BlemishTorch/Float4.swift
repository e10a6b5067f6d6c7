/// Four channels of a pixel, of which kernels compute at a time.
@usableFromInline
package typealias Float4 = SIMD4<Float>

/// Four numbers from a place on.
@inlinable
@inline(__always)
package func load(_ start: UnsafePointer<Float>) -> Float4 {
  UnsafeRawPointer(start).loadUnaligned(as: Float4.self)
}

/// Puts four numbers from a place on.
@inlinable
@inline(__always)
package func store(_ lane: Float4, _ start: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(start).storeBytes(of: lane, as: Float4.self)
}
