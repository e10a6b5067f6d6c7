import AContrario
import Foundation
import Torch

extension Model {
  /// What the a contrario test learns from pictures of good parts.
  /// - Parameters:
  ///   - paths: good pictures, best such as the flow was not trained on.
  ///   - progress: called with the number of pictures done.
  /// - Throws: the error of the first picture that cannot be read.
  public func learnBackground(
    from paths: [String], source: LearntBackground.Source, progress: (Int) -> Void = { _ in }
  ) throws -> LearntBackground {
    LearntBackground(
      test: try CalibratedTest(pictures: try energies(of: paths, progress: progress)), source: source)
  }

  /// Whether new good pictures still look as those did that the test has learnt from.
  /// - Returns: the p-value of a test that they do; nil for a model without a learnt background, and for one
  ///   that was learnt from the training pictures: a flow knows these, and any others look unlike them.
  /// - Throws: the error of the first picture that cannot be read.
  public func driftPValue(of paths: [String], progress: (Int) -> Void = { _ in }) throws -> Double? {
    guard let background = configuration.background, background.source != .training else { return nil }
    let test = background.test
    return test.driftPValue(
      meanDeviations: try energies(of: paths, progress: progress).map { try test.meanDeviation($0) })
  }

  private func energies(of paths: [String], progress: (Int) -> Void) throws -> [[LatentScale]] {
    var pictures: [[LatentScale]] = []
    try configuration.forEachBatch(of: paths, size: 4) { prepared in
      let batch = try prepared.map { try $0.get() }
      let z = try withTorchErrors {
        withoutGradient { see(Tensor(batch)).weighed.map { (values: $0.floats, shape: $0.shape) } }
      }
      for index in batch.indices {
        pictures.append(try z.map { try LatentScale(energiesOf: $0.values, shape: $0.shape, picture: index) })
      }
      progress(pictures.count)
    }
    return pictures
  }
}

extension LatentScale {
  /// One picture's energies out of a batch's latents; the latents themselves are not kept.
  fileprivate init(energiesOf batch: [Float], shape: [Int], picture: Int) throws {
    let scale = try LatentScale(batch, shape: shape, picture: picture)
    self = try LatentScale(
      energy: scale.energy, channels: scale.channels, height: scale.height, width: scale.width)
  }
}
