import BlemishAContrario
import BlemishTorch
import Foundation

/// What a model sees in pictures of good parts: what its test learns from, and what says whether they still look as
/// earlier ones did.
public struct MeasuredPictures: Sendable {
  /// `[picture][scale]`.
  package let energies: [[ScaleEnergies]]

  /// How many pictures there are.
  public var count: Int { energies.count }
}

extension Model {
  /// Reads pictures of good parts, each once, and measures what the a contrario test learns from.
  /// - Parameters:
  ///   - paths: good pictures, best such as the detector was not trained on.
  ///   - progress: called with the number of pictures done.
  /// - Throws: the error of the first picture that cannot be read; `CancellationError` when the task was cancelled.
  public func measure(_ paths: [String], progress: (Int) -> Void = { _ in }) throws -> MeasuredPictures {
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
    return MeasuredPictures(energies: pictures)
  }

  /// The model with what its test learns anew from fresh pictures of good parts. What it had learnt before stays in it:
  /// `blemish calibrate --undo` takes it back.
  /// - Throws: `AContrarioError` where nothing can be learnt from the pictures.
  public func recalibrated(on pictures: MeasuredPictures) throws -> Model {
    var changed = self
    changed.configuration.background = try LearntBackground(
      learningFrom: pictures.energies, source: .recalibrated)
    // Nothing is lost where the pictures turn out not to be good ones.
    changed.configuration.formerBackground = configuration.background ?? configuration.formerBackground
    return changed
  }

  /// The same of files.
  /// - Parameter progress: called with the number of pictures done.
  /// - Throws: what ``measure(_:progress:)`` and ``recalibrated(on:)`` throw.
  public func recalibrated(on paths: [String], progress: (Int) -> Void = { _ in }) throws -> Model {
    try recalibrated(on: measure(paths, progress: progress))
  }

  /// Whether ``driftPValue(of:)`` has something to compare with.
  public var measuresDrift: Bool { configuration.background.map { $0.source != .training } ?? false }

  /// Whether new good pictures still look as those did that the test has learnt from.
  /// - Returns: the p-value of a test that they do; nil for a model without a learnt background, and for one
  ///   that was learnt from the training pictures: a flow knows these, and any others look unlike them.
  /// - Throws: `AContrarioError` where the pictures cannot be compared.
  public func driftPValue(of pictures: MeasuredPictures) throws -> Double? {
    guard measuresDrift, let test = configuration.background?.test else { return nil }
    return try test.driftPValue(meanDeviations: pictures.energies.map { try test.meanDeviation($0) })
  }
}
