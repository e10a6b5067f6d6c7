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

  /// What the a contrario test learns from pictures of good parts whose features a training has kept; where the backbone
  /// gives evidence, which is not kept, it sees the pictures once more.
  /// - Throws: the error of the first picture that cannot be read.
  func learnBackground(
    from pictures: TrainingFeatures, source: LearntBackground.Source
  ) throws -> LearntBackground {
    guard !backbone.givesEvidence else { return try learnBackground(from: pictures.paths, source: source) }
    let energies = try pictures.paths.indices.map { index in
      try withTorchErrors { BatchEnergies(try see(pictures, index).weighed) }.picture(0)
    }
    return LearntBackground(test: try CalibratedTest(pictures: energies), source: source)
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
      let energies = try withTorchErrors { withoutGradient { BatchEnergies(see(Tensor(batch)).weighed) } }
      for index in batch.indices { pictures.append(try energies.picture(index)) }
      progress(pictures.count)
    }
    return pictures
  }
}
