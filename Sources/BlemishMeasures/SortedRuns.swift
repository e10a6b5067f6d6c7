import Foundation

/// Sorted runs of score keys, read back in one global order.
///
/// Keys are kept in memory up to a limit, and beyond it in a temporary file that vanishes with the process. Of each
/// run every 256th key stays in memory as a sample. The samples cut the keys into intervals of some millions. One
/// interval at a time is gathered from all runs and sorted. The order is exact; memory holds the limit, one interval
/// and the samples.
final class SortedRuns {
  struct Run {
    let start: Int
    let count: Int
    /// The place in `samples` of the run's first key.
    let firstSample: Int
  }

  private(set) var runs: [Run] = []
  private var samples: [UInt32] = []
  private var memory: [UInt32] = []
  private var file: Int32 = -1
  private var filed = 0
  private let memoryLimit: Int
  private let spacing = 256

  /// Runs that keep at most `memoryLimit` bytes of keys in memory.
  init(memoryLimit: Int) {
    self.memoryLimit = max(memoryLimit / MemoryLayout<UInt32>.size, 1)
  }

  deinit {
    if file >= 0 { close(file) }
  }

  /// Adds the first `count` of `keys`, ascending, as a run.
  func append(_ keys: [UInt32], count: Int) throws(MeasureError) {
    if memory.count > 0, memory.count + count > memoryLimit { try spill() }
    runs.append(Run(start: filed + memory.count, count: count, firstSample: samples.count))
    memory.append(contentsOf: keys[..<count])
    for index in stride(from: 0, to: count, by: spacing) { samples.append(keys[index]) }
  }

  /// Shows `visitor` all keys in ascending order.
  ///
  /// - Parameter target: about how many keys are sorted at a time; nil for as many as the nearer caches hold, or more
  ///   where there are so many runs that each would be asked for a few at a time.
  func visit(_ visitor: inout some KeyVisitor, target: Int? = nil) throws(MeasureError) {
    let target = target ?? min(max(1 << 16, 4 * spacing * runs.count), 1 << 21)
    var cursors = [(position: Int, sample: Int)](repeating: (0, 0), count: runs.count)
    var slice: [UInt32] = []
    var records: [UInt64] = []
    var scratch: [UInt64] = []
    var lower: UInt64 = 0
    for upper in intervalEnds(samplesPerInterval: max(target / spacing, 1)) {
      let isOneKey = upper - lower == 1
      var count = 0
      if isOneKey { visitor.begin(key: UInt32(lower)) }
      for (index, run) in runs.enumerated() where cursors[index].position < run.count {
        let length = try read(run, below: upper, cursor: &cursors[index], into: &slice)
        if isOneKey {
          if length > 0 { visitor.add(run: index, count: length) }
          continue
        }
        if records.count < count + length {
          records += [UInt64](repeating: 0, count: max(count + length - records.count, records.count / 2))
        }
        for offset in 0..<length {
          records[count + offset] = (UInt64(slice[offset]) - lower) << 32 | UInt64(index)
        }
        count += length
      }
      if isOneKey {
        visitor.end()
      } else {
        let width = UInt64.bitWidth - (upper - lower - 1).leadingZeroBitCount
        radixSort(&records, scratch: &scratch, count: count, bits: 32..<32 + width)
        records.withUnsafeBufferPointer { records in
          var next = 0
          while next < count {
            let key = records[next] >> 32
            visitor.begin(key: UInt32(key + lower))
            while next < count, records[next] >> 32 == key {
              visitor.add(run: Int(truncatingIfNeeded: records[next] & 0xFFFF_FFFF), count: 1)
              next &+= 1
            }
            visitor.end()
          }
        }
      }
      lower = upper
    }
  }

  /// Where to cut the keys so that each interval holds about as many samples as asked for. A key that has so many
  /// samples gets an interval of its own; equal scores then take no memory, however many.
  private func intervalEnds(samplesPerInterval: Int) -> [UInt64] {
    var sorted = samples
    var scratch: [UInt32] = []
    radixSort(&sorted, scratch: &scratch, count: sorted.count, bits: 0..<32)
    var ends: [UInt64] = []
    var held = 0
    var next = 0
    while next < samples.count {
      let key = sorted[next]
      let first = next
      while next < samples.count, sorted[next] == key { next += 1 }
      held += next - first
      if 4 * (next - first) >= samplesPerInterval {
        if UInt64(key) > ends.last ?? 0 { ends.append(UInt64(key)) }
        ends.append(UInt64(key) + 1)
        held = 0
      } else if held >= samplesPerInterval {
        ends.append(UInt64(key) + 1)
        held = 0
      }
    }
    if ends.last != 1 << 32 { ends.append(1 << 32) }
    return ends
  }

  /// Reads a run's keys from its cursor to the first that is not below `upper`, and moves the cursor there.
  private func read(
    _ run: Run,
    below upper: UInt64,
    cursor: inout (position: Int, sample: Int),
    into slice: inout [UInt32]
  ) throws(MeasureError) -> Int {
    let sampleCount = (run.count + spacing - 1) / spacing
    while cursor.sample < sampleCount, UInt64(samples[run.firstSample + cursor.sample]) < upper {
      cursor.sample += 1
    }
    // The last sample below `upper` and all before it belong to the interval, the next one does not.
    let end = min(cursor.sample * spacing, run.count)
    guard end > cursor.position else { return 0 }
    let count = end - cursor.position
    if slice.count < count { slice = [UInt32](repeating: 0, count: max(count, 1 << 16)) }
    try read(from: run.start + cursor.position, count: count, into: &slice)
    var length = max(count - spacing, 0)
    var beyond = count
    while length < beyond {
      let middle = (length + beyond) / 2
      if UInt64(slice[middle]) < upper { length = middle + 1 } else { beyond = middle }
    }
    cursor.position += length
    return length
  }

  private func read(from start: Int, count: Int, into slice: inout [UInt32]) throws(MeasureError) {
    guard start < filed else {
      for index in 0..<count { slice[index] = memory[start - filed + index] }
      return
    }
    let size = MemoryLayout<UInt32>.size
    let failure = slice.withUnsafeMutableBytes { bytes -> MeasureError? in
      var done = 0
      while done < count * size {
        let step = pread(
          file,
          bytes.baseAddress?.advanced(by: done),
          count * size - done,
          off_t(start * size + done)
        )
        if step < 0, errno == EINTR { continue }
        guard step > 0 else { return .temporaryFile(folder: Self.folder, code: step < 0 ? errno : nil) }
        done += step
      }
      return nil
    }
    if let failure { throw failure }
  }

  private static var folder: String { FileManager.default.temporaryDirectory.path }

  /// Moves all keys in memory to the file. A run is never split.
  private func spill() throws(MeasureError) {
    if file < 0 {
      var template = Array("\(Self.folder)/blemish-scores-XXXXXX".utf8CString)
      file = mkstemp(&template)
      guard file >= 0 else {
        throw .temporaryFile(folder: Self.folder, code: errno)
      }
      unlink(template)
    }
    let failure = memory.withUnsafeBytes { bytes -> MeasureError? in
      var done = 0
      while done < bytes.count {
        let step = write(file, bytes.baseAddress?.advanced(by: done), bytes.count - done)
        if step < 0, errno == EINTR { continue }
        guard step > 0 else { return .temporaryFile(folder: Self.folder, code: errno) }
        done += step
      }
      return nil
    }
    if let failure { throw failure }
    filed += memory.count
    memory.removeAll(keepingCapacity: true)
  }
}

/// What looks at keys in ascending order.
protocol KeyVisitor {
  /// A new key comes.
  mutating func begin(key: UInt32)
  /// A run has the key so many times. The same run may come again.
  mutating func add(run: Int, count: Int)
  /// All that have the key were shown.
  mutating func end()
}
