/// Scores as 32-bit keys that sort from the highest score to the lowest.
enum ScoreKey {
  /// The key of a score that is a number. Adding zero makes -0 equal to 0.
  @inline(__always)
  static func key(_ score: Float) -> UInt32 {
    let bits = (score + 0).bitPattern
    return bits >> 31 == 0 ? ~(bits | 1 << 31) : bits
  }

  /// The score of a key.
  @inline(__always)
  static func score(_ key: UInt32) -> Float {
    Float(bitPattern: key >> 31 == 0 ? ~key & ~(1 << 31) : key)
  }
}

/// Sorts `values` in place by the bits from `low` up to `high`, stable, with `scratch` of the same size.
func radixSort<Value: FixedWidthInteger>(
  _ values: inout [Value],
  scratch: inout [Value],
  count: Int,
  bits: Range<Int>
) {
  if scratch.count < count { scratch = [Value](repeating: 0, count: max(count, values.count)) }
  guard !bits.isEmpty else { return }
  // Digits of one width, of at most 11 bits, so that their counts stay in the nearest cache.
  let passes = (bits.count + 10) / 11
  let digit = (bits.count + passes - 1) / passes
  let buckets = 1 << digit
  withUnsafeTemporaryAllocation(of: Int.self, capacity: buckets) { starts in
    for shift in stride(from: bits.lowerBound, to: bits.upperBound, by: digit) {
      let mask = Value(truncatingIfNeeded: (1 << min(digit, bits.upperBound - shift)) - 1)
      values.withUnsafeMutableBufferPointer { values in
        scratch.withUnsafeMutableBufferPointer { scratch in
          starts.update(repeating: 0)
          for index in 0..<count {
            starts[Int(truncatingIfNeeded: (values[index] &>> Value(shift)) & mask)] &+= 1
          }
          var total = 0
          for bucket in 0..<buckets {
            let size = starts[bucket]
            starts[bucket] = total
            total &+= size
          }
          for index in 0..<count {
            let value = values[index]
            let bucket = Int(truncatingIfNeeded: (value &>> Value(shift)) & mask)
            scratch[starts[bucket]] = value
            starts[bucket] &+= 1
          }
        }
      }
      swap(&values, &scratch)
    }
  }
}
