import BlemishTorch

/// The greedy choice of few points that no point is far from (k-centre; algorithm 1 of arXiv 2106.08265): again and again
/// the point that lies farthest from those chosen.
///
/// Distances to the chosen points only ever fall. So the points whose distances were largest when they were last compared
/// are brought up to date together, and choices are made among these few alone, as long as one of them lies farther than
/// any other point can. What is chosen is the same as without, to the bit.
struct GreedyCoreset {
  /// `[count, length]`.
  private let points: Tensor
  private let count: Int
  private let length: Int
  /// The chosen points' indices, in the order of their choice.
  private(set) var chosen: [Int] = []
  /// Their coordinates, one after the other.
  private let centres: Tensor
  /// The squared distance of every point to the nearest of the first ``compared`` chosen ones.
  private var distances: [Float]
  private var compared: [Int]
  /// Points that lie farther are looked at, the others wait.
  private var threshold = Float.infinity

  /// About so many points are looked at at a time.
  private static let few = 1024
  /// Rows that a thread takes at a time where many points lie equally far.
  private static let part = 4096

  /// Chooses points.
  /// - Parameters:
  ///   - most: how many, unless fewer are distinct.
  ///   - points: on the processor, `[count, length]`.
  ///   - first: the index of the first.
  ///   - progress: called now and then with the number that are chosen.
  /// - Throws: `CancellationError` when the task was cancelled.
  static func indices(
    _ most: Int, of points: Tensor, first: Int, progress: (Int) -> Void = { _ in }
  ) throws -> [Int] {
    var coreset = GreedyCoreset(points, most: most)
    try coreset.choose(most, first: first, progress)
    return coreset.chosen
  }

  private init(_ points: Tensor, most: Int) {
    self.points = points.to(.float32).contiguous()
    (count, length) = (points.size(0), points.size(1))
    centres = Tensor.uninitialized([max(most, 1), length], like: self.points)
    distances = Array(repeating: .infinity, count: count)
    compared = Array(repeating: 0, count: count)
  }

  private mutating func choose(_ most: Int, first: Int, _ progress: (Int) -> Void) throws {
    guard most > 0, count > 0 else { return }
    add(first)
    compare(Array(0..<count))
    while chosen.count < most {
      try Task.checkCancellation()
      guard let next = thresholdOfFew() else { return }
      threshold = next
      let candidates = distances.indices.filter { distances[$0] > threshold }
      compare(candidates.filter { compared[$0] < chosen.count })
      try choose(most, among: candidates.filter { distances[$0] > threshold })
      progress(chosen.count)
    }
  }

  /// A number that only the few largest distances are above, to a thousandth of the largest; nil where none is above 0.
  private func thresholdOfFew() -> Float? {
    let largest = distances.max() ?? 0
    guard largest > 0, largest.isFinite else { return nil }
    let bins = 1024
    var counts = Array(repeating: 0, count: bins)
    for distance in distances { counts[min(Int(distance / largest * Float(bins)), bins - 1)] += 1 }
    var (bin, above) = (bins - 1, counts[bins - 1])
    while bin > 0, above + counts[bin - 1] <= Self.few {
      bin -= 1
      above += counts[bin]
    }
    return largest * Float(bin) / Float(bins)
  }

  /// Chooses among some points until none of them lies above the threshold.
  private mutating func choose(_ most: Int, among active: [Int]) throws {
    guard !active.isEmpty else { return }
    let rows = points.indexSelect(0, Tensor(active.map(Int64.init), shape: [active.count]))
    var distances = active.map { self.distances[$0] }
    var farthest = Farthest()
    for (row, distance) in distances.enumerated() { farthest.add(distance, row) }
    while chosen.count < most, farthest.distance > threshold {
      try Task.checkCancellation()
      add(active[farthest.row])
      farthest = compare(rows, with: chosen.count - 1, &distances)
    }
    for (row, index) in active.enumerated() {
      self.distances[index] = distances[row]
      compared[index] = chosen.count
    }
  }

  private mutating func add(_ index: Int) {
    _ = centres.select(0, chosen.count).copy_(points.select(0, index))
    chosen.append(index)
  }

  /// The first of the farthest of some points.
  private struct Farthest {
    var distance = -Float.infinity
    var row = 0

    mutating func add(_ distance: Float, _ row: Int) {
      if distance > self.distance { (self.distance, self.row) = (distance, row) }
    }
  }

  /// Compares rows with one chosen point, in one pass over memory.
  private func compare(_ rows: Tensor, with centre: Int, _ distances: inout [Float]) -> Farthest {
    let (length, count) = (length, distances.count)
    let parts = (count + Self.part - 1) / Self.part
    var found = Array(repeating: Farthest(), count: parts)
    withMemory(of: [rows, centres]) {
      let (rows, centre) = (rows.memory(of: Float.self), centres.memory(of: Float.self) + centre * length)
      distances.withUnsafeMutableBufferPointer { distances in
        found.withUnsafeMutableBufferPointer { found in
          nonisolated(unsafe) let (distances, found) = (distances, found)
          func work(_ range: Range<Int>) {
            for part in range {
              var farthest = Farthest()
              for row in part * Self.part..<min((part + 1) * Self.part, count) {
                let distance = min(
                  squaredDistance(rows + row * length, centre, count: length), distances[row])
                distances[row] = distance
                farthest.add(distance, row)
              }
              found[part] = farthest
            }
          }
          if parts > 1 { inParallel(parts, work) } else { work(0..<parts) }
        }
      }
    }
    var farthest = Farthest()
    for part in found { farthest.add(part.distance, part.row) }
    return farthest
  }

  /// Compares points with all that were chosen since they were last.
  private mutating func compare(_ indices: [Int]) {
    let (length, chosen) = (length, chosen.count)
    withMemory(of: [points, centres]) {
      let (points, centres) = (points.memory(of: Float.self), centres.memory(of: Float.self))
      distances.withUnsafeMutableBufferPointer { distances in
        compared.withUnsafeMutableBufferPointer { compared in
          nonisolated(unsafe) let (distances, compared) = (distances, compared)
          inParallel(indices.count) { range in
            for index in indices[range] {
              let point = points + index * length
              for centre in compared[index]..<chosen {
                distances[index] = min(
                  squaredDistance(point, centres + centre * length, count: length), distances[index])
              }
              compared[index] = chosen
            }
          }
        }
      }
    }
  }
}

@inline(__always)
private func squaredDistance(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float {
  typealias Lanes = SIMD16<Float>
  let (left, right) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
  var sums = Lanes.zero
  var index = 0
  while index + Lanes.scalarCount <= count {
    let offset = index * MemoryLayout<Float>.stride
    let difference =
      left.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
      - right.loadUnaligned(fromByteOffset: offset, as: Lanes.self)
    sums += difference * difference
    index += Lanes.scalarCount
  }
  var sum = sums.sum()
  while index < count {
    sum += (a[index] - b[index]) * (a[index] - b[index])
    index += 1
  }
  return sum
}
