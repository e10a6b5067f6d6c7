import Dispatch

/// The results of a function of every element, worked out on all cores, in order.
package func concurrentMap<Element: Sendable, Value: Sendable>(
  _ elements: [Element], _ transform: @Sendable (Element) -> Value
) -> [Value] {
  guard elements.count > 1 else { return elements.map(transform) }
  return [Value](unsafeUninitializedCapacity: elements.count) { buffer, count in
    let start = UncheckedBuffer(pointer: buffer.baseAddress!)
    DispatchQueue.concurrentPerform(iterations: elements.count) { index in
      (start.pointer + index).initialize(to: transform(elements[index]))
    }
    count = elements.count
  }
}

private struct UncheckedBuffer<Value>: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Value>
}
