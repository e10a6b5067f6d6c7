import CTorch

/// Runs the body over parts of the whole numbers below `count`, on the threads that libtorch's operators use: others
/// would compete with those, which wait for their next operator without sleeping.
func inParallel(_ count: Int, _ body: (Range<Int>) -> Void) {
  withoutActuallyEscaping(body) { body in
    withUnsafePointer(to: body) { context in
      report(
        ct_parallel(count, UnsafeMutableRawPointer(mutating: context)) { context, from, to in
          context!.assumingMemoryBound(to: ((Range<Int>) -> Void).self).pointee(from..<to)
        })
    }
  }
}
