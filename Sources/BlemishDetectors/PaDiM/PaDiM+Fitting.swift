import BlemishCore
import BlemishFiles
import BlemishSupport
import BlemishTorch

/// Fitting (section III-B), in one pass over the features.
extension PaDiM {
  /// Pictures whose features are read at a time.
  private static let step = 16

  /// The Gaussians of good pictures' features.
  /// - Throws: `DetectorError.pictures(detector:problem:)` where there are fewer than two, or all look the same; the error of a
  ///   picture that cannot be read; `CancellationError` when the task was cancelled.
  public static func fit(
    to pictures: any FeatureSource, features: FeatureDescription, configuration: Configuration, seed: UInt64,
    progress: (Double) -> Void
  ) throws -> [String: StoredTensor] {
    try configuration.check(for: features)
    guard pictures.count > 1 else {
      throw DetectorError.pictures(detector: name, problem: "it needs two pictures at least")
    }
    let used = used(features.shapes)
    var random = RandomStream(seed: seed, name: name)
    let order = Array(0..<used.reduce(0) { $0 + $1.channels }).shuffled(using: &random)
    let chosen = chosen(order, configuration.channels, of: used).map { Tensor($0, shape: [$0.count]) }
    var moments = PlaceGaussians.Moments(
      places: configuration.perPlace ? places(features.shapes) : 1, channels: configuration.channels)
    let reading = 0.8
    for start in stride(from: 0, to: pictures.count, by: step) {
      try Task.checkCancellation()
      let batch = Array(start..<min(start + step, pictures.count))
      let maps = try pictures.batch(batch).map { $0.to(device: .cpu) }
      moments.add(PlaceGaussians.samples(embedding(maps, chosen), perPlace: configuration.perPlace))
      progress(reading * Double(start + batch.count) / Double(pictures.count))
    }
    let variance = moments.meanVariance
    guard !variance.isNaN else {
      throw DetectorError.pictures(detector: name, problem: "their features are not finite")
    }
    guard variance > 0 else { throw DetectorError.pictures(detector: name, problem: "they look the same") }
    var tensors = try moments.tensors(
      adding: min(max(configuration.regularisation, variance * leastShare), variance)
    ) { progress(reading + (1 - reading) * $0) }
    tensors["channels"] = StoredTensor(int64s: order.map(Int64.init), shape: [order.count])
    return tensors
  }

  /// What is added to every variance is this share of their mean at least, so that every covariance has an inverse.
  private static let leastShare = 1e-4
}
