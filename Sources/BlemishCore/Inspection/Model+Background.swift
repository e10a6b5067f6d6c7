import BlemishAContrario
import BlemishTorch
import Foundation

extension Model {
  /// What the a contrario test learns from pictures of good parts.
  /// - Parameters:
  ///   - paths: good pictures, best such as the flow was not trained on.
  ///   - progress: called with the number of pictures done.
  /// - Throws: the error of the first picture that cannot be read; `CancellationError` when the task was cancelled.
  public func learnBackground(
    from paths: [String], source: LearntBackground.Source, progress: (Int) -> Void = { _ in }
  ) throws -> LearntBackground {
    try LearntBackground(learningFrom: try energies(of: paths, progress: progress), source: source)
  }

  /// Whether new good pictures still look as those did that the test has learnt from.
  /// - Returns: the p-value of a test that they do; nil for a model without a learnt background, and for one
  ///   that was learnt from the training pictures: a flow knows these, and any others look unlike them.
  /// - Throws: the error of the first picture that cannot be read; `CancellationError` when the task was cancelled.
  public func driftPValue(of paths: [String], progress: (Int) -> Void = { _ in }) throws -> Double? {
    guard let background = configuration.background, background.source != .training else { return nil }
    let test = background.test
    return try test.driftPValue(
      meanDeviations: try energies(of: paths, progress: progress).map { try test.meanDeviation($0) })
  }

  private func energies(of paths: [String], progress: (Int) -> Void) throws -> [[ScaleEnergies]] {
    var pictures: [[ScaleEnergies]] = []
    try configuration.forEachBatch(of: paths, size: 4) { prepared in
      try Task.checkCancellation()
      let batch = try prepared.map { try $0.get() }
      let energies = try withTorchErrors {
        withoutGradient { BatchEnergies(evidence(in: Tensor(batch)).joined) }
      }
      for index in batch.indices { pictures.append(try energies.picture(index)) }
      progress(pictures.count)
    }
    return pictures
  }
}
