import CTorch

/// Runs the body over parts of the whole numbers below `count`, on the threads that libtorch's operators use. Threads of
/// our own would compete with those, which spin for a while after an operator.
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

/// Gives the body uninitialised memory for some numbers, on the stack where they are few.
@inline(__always)
package func withTemporaryFloats(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) {
  withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { body($0.baseAddress!) }
}

/// Runs a kernel written in Swift with the memory of tensors, which live until it is done. Where one of them
/// has none on the processor, since the operator that was to give it failed for instance, the kernel does not
/// run: that is a failure like an operator's.
/// - Returns: whether it ran.
@discardableResult
@inlinable
@inline(__always)
package func withMemory(of tensors: [Tensor], _ kernel: () -> Void) -> Bool {
  guard haveMemory(tensors) else { return false }
  // Inlined, since what a kernel reads in its loops must not lie in a closure's context.
  withExtendedLifetime(tensors) { kernel() }
  return true
}

@usableFromInline
package func haveMemory(_ tensors: [Tensor]) -> Bool {
  if tensors.allSatisfy({ ct_data($0.pointer) != nil }) { return true }
  fail("a tensor has no memory on the processor, which a kernel there needs")
  return false
}

extension Tensor {
  /// The memory of a tensor on the processor whose elements lie without gaps, for kernels that run within
  /// ``withMemory(of:_:)``: valid as long as the tensor.
  package func memory<Element: BitwiseCopyable>(of type: Element.Type)
    -> UnsafeMutablePointer<Element>
  {
    precondition(elementType.byteCount == MemoryLayout<Element>.size, "elements of another size")
    return ct_data(pointer)!.assumingMemoryBound(to: Element.self)
  }

  /// Whether kernels written in Swift can reach the memory.
  package var isOnProcessor: Bool { ct_on_cpu(pointer) }
}
