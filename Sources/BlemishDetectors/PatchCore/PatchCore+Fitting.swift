import BlemishCore
import BlemishFiles
import BlemishSupport
import BlemishTorch
import Foundation

/// Fitting (section 3.2). What it takes in memory is the bank, and the vectors it is chosen from: so many as have the
/// bank as their share, in half a gigabyte at most, and their projections, which are no longer.
extension PatchCore {
  /// The vectors that a bank is chosen from take so many bytes at most.
  static let mostBytes = 512 << 20

  /// A bank that is chosen from good pictures' vectors, and the unit of distances to it.
  /// - Throws: `DetectorError.pictures(detector:problem:)` where they have too few different vectors; the error of a picture that
  ///   cannot be read; `CancellationError` when the task was cancelled.
  public static func fit(
    to pictures: any FeatureSource, features: FeatureDescription, configuration: Configuration, seed: UInt64,
    progress: (Double) -> Void
  ) throws -> [String: StoredTensor] {
    try configuration.check()
    var random = RandomStream(seed: seed, name: name)
    let reading = 0.3
    let sample = try VectorSample(
      of: pictures, most: configuration.mostCandidates(channels: pictures.shapes.first?.channels ?? 1),
      &random
    ) { progress(reading * $0) }
    guard sample.vectors.isFinite else {
      throw DetectorError.pictures(detector: name, problem: "their features are not finite")
    }
    let count = configuration.vectors(of: sample.count)
    let projected = projected(sample.vectors, &random)
    guard !TorchError.isPending else { return [:] }
    let chosen = try GreedyCoreset.indices(
      count, of: projected, first: Int(random.unit() * Double(sample.count))
    ) { progress(reading + (1 - reading) * Double($0) / Double(count)) }
    guard chosen.count >= leastVectors else {
      throw DetectorError.pictures(detector: name, problem: "they look the same at every place")
    }
    let bank = sample.vectors.indexSelect(0, Tensor(chosen.map(Int64.init), shape: [chosen.count]))
    let unit = sample.unit(bank: bank, chosen)
    guard unit > 0, unit.isFinite else {
      throw DetectorError.pictures(detector: name, problem: "they look the same")
    }
    progress(1)
    return ["bank": bank.stored, "unit": StoredTensor(floats: [unit], shape: [1])]
  }

  /// Vectors `[count, channels]` in fewer dimensions, by a random matrix, where fewer suffice to keep distances to a
  /// factor of 1 +- 0.9 (Johnson and Lindenstrauss; the bound of Dasgupta and Gupta); else as they are.
  static func projected(_ vectors: Tensor, _ random: inout RandomStream) -> Tensor {
    let (count, channels) = (vectors.size(0), vectors.size(1))
    let epsilon = 0.9
    let bound = 4 * log(Double(max(count, 2))) / (epsilon * epsilon / 2 - epsilon * epsilon * epsilon / 3)
    // Sixteen numbers are compared at a time.
    let length = (Int(bound) + 15) / 16 * 16
    guard length < channels else { return vectors }
    let scale = 1 / Double(length).squareRoot()
    let matrix = Tensor(
      (0..<channels * length).map { _ in Float(random.normal() * scale) }, shape: [channels, length])
    return vectors.matmul(matrix)
  }
}

extension PatchCore.Configuration {
  /// So many vectors is the bank chosen from at most.
  func mostCandidates(channels: Int) -> Int {
    let most = min(Double(mostVectors) / coresetShare, 1e9)
    return max(min(Int(most), PatchCore.mostBytes / 4 / max(channels, 1)), PatchCore.leastVectors)
  }

  /// How many vectors the bank has that is chosen from so many. Of a handful of tiny pictures it is more than the share:
  /// enough for their neighbours.
  func vectors(of candidates: Int) -> Int {
    let share = max(Int((Double(candidates) * coresetShare).rounded()), 2 * neighbours)
    return min(share, mostVectors, candidates)
  }
}

/// Vectors out of the feature maps of good pictures: all, or so many of them, drawn evenly, in their order.
struct VectorSample {
  /// On the processor, `[count, channels]`.
  let vectors: Tensor
  /// What picture, or tile, each of them is of.
  let pictures: [Int]
  /// How many there are.
  var count: Int { pictures.count }

  /// Pictures whose features are read at a time.
  private static let step = 8
  /// Vectors that the unit is measured on.
  private static let measured = 2000

  init(
    of source: any FeatureSource, most: Int, _ random: inout RandomStream, progress: (Double) -> Void
  ) throws {
    guard let shape = source.shapes.first, source.count > 0 else {
      throw DetectorError.pictures(detector: PatchCore.name, problem: "there are none")
    }
    let (places, channels) = (shape.height * shape.width, shape.channels)
    let all = source.count * places
    let wanted = min(most, all)
    let vectors = Tensor.zeros([wanted, channels])
    var pictures: [Int] = []
    pictures.reserveCapacity(wanted)
    for start in stride(from: 0, to: source.count, by: Self.step) {
      try Task.checkCancellation()
      let batch = Array(start..<min(start + Self.step, source.count))
      // Each is taken with the probability by which as many are taken in the end as are wanted.
      let filled = pictures.count
      var rows: [Int64] = []
      for row in 0..<batch.count * places {
        let left = all - start * places - row
        guard random.unit() * Double(left) < Double(wanted - pictures.count) else { continue }
        rows.append(Int64(row))
        pictures.append(start + row / places)
      }
      if !rows.isEmpty {
        let maps = try source.batch(batch)[0].to(device: .cpu)
        let taken = maps.permute([0, 2, 3, 1]).reshape([-1, channels])
          .indexSelect(0, Tensor(rows, shape: [rows.count]))
        vectors.narrow(0, from: filled, length: rows.count).copy_(taken)
      }
      progress(Double(batch.count + start) / Double(source.count))
    }
    self.vectors = vectors
    self.pictures = pictures
  }

  /// The root mean square distance of some of the vectors to their nearest neighbours in a bank of others, of other
  /// pictures where there are several: a picture that is judged is not in the bank, either.
  /// - Parameter chosen: the bank's vectors.
  func unit(bank: Tensor, _ chosen: [Int]) -> Float {
    let step = max(count / Self.measured, 1)
    let rows = Array(stride(from: 0, to: count, by: step))
    let search = MemoryBank(bank)
    let areSeveral = Set(chosen.map { pictures[$0] }).count > 1
    var (sum, measured) = (0.0, 0)
    for start in stride(from: 0, to: rows.count, by: 256) {
      let part = Array(rows[start..<min(start + 256, rows.count)])
      let own = vectors.indexSelect(0, Tensor(part.map(Int64.init), shape: [part.count]))
      let closeness = search.closeness(to: own).floats
      guard closeness.count == part.count * chosen.count else { return .nan }
      for (place, row) in part.enumerated() {
        var (best, nearest) = (-Float.infinity, -1)
        for (column, index) in chosen.enumerated()
        where areSeveral ? pictures[index] != pictures[row] : index != row {
          let value = closeness[place * chosen.count + column]
          if value > best { (best, nearest) = (value, column) }
        }
        guard nearest >= 0 else { continue }
        sum += (own.select(0, place) - bank.select(0, nearest)).square().sum().item
        measured += 1
      }
    }
    return Float((sum / Double(max(measured, 1))).squareRoot())
  }
}
