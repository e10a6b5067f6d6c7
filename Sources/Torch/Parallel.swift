import CTorch

/// Runs the body over parts of the whole numbers below `count`, on the threads that libtorch's operators use: others
/// would compete with those, which wait for their next operator without sleeping.
package func inParallel(_ count: Int, _ body: (Range<Int>) -> Void) {
  withoutActuallyEscaping(body) { body in
    withUnsafePointer(to: body) { context in
      report(
        ct_parallel(count, UnsafeMutableRawPointer(mutating: context)) { context, from, to in
          context!.assumingMemoryBound(to: ((Range<Int>) -> Void).self).pointee(from..<to)
        })
    }
  }
}

/// Gives the body room for some numbers, on the stack where they are few; what is there is whatever was there.
@inline(__always)
package func withScratch(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) {
  withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { body($0.baseAddress!) }
}

extension Tensor {
  /// The memory of a tensor on the processor whose elements lie without gaps, for kernels written in Swift: valid as
  /// long as the tensor.
  package func memory<Element: BitwiseCopyable>(of type: Element.Type)
    -> UnsafeMutablePointer<Element>
  {
    precondition(elementType.byteCount == MemoryLayout<Element>.size, "elements of another size")
    return ct_data(pointer)!.assumingMemoryBound(to: Element.self)
  }

  /// Whether kernels written in Swift can reach the memory.
  package var isOnProcessor: Bool { ct_on_cpu(pointer) }
}
