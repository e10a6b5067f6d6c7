/// Four channels of a pixel, of which kernels compute at a time.
@usableFromInline
package typealias Lane = SIMD4<Float>

/// Four numbers from a place on.
@inlinable
@inline(__always)
package func load(_ start: UnsafePointer<Float>) -> Lane {
  UnsafeRawPointer(start).loadUnaligned(as: Lane.self)
}

/// Puts four numbers from a place on.
@inlinable
@inline(__always)
package func store(_ lane: Lane, _ start: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(start).storeBytes(of: lane, as: Lane.self)
}
