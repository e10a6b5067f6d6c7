import BlemishAContrario
import BlemishImaging
import BlemishSupport
import BlemishTorch
import Foundation

extension Model {
  /// Reads, prepares and inspects a picture.
  /// - Throws: an error that names the file; `TorchError` where an operator fails.
  public func inspect(
    contentsOf path: String, options: InspectionOptions = InspectionOptions()
  ) throws -> Inspection {
    try inspect([configuration.preprocessor(contentsOf: path)], options: options)[0]
  }

  /// Inspects frames, as one batch.
  /// - Throws: `TorchError` where an operator fails, for instance for want of memory;
  ///   ``InspectionError/noCalibration`` where there is no test to decide.
  public func inspect(
    _ frames: [Frame], options: InspectionOptions = InspectionOptions()
  ) throws -> [Inspection] {
    guard !frames.isEmpty else { return [] }
    let (height, width) = (configuration.mapHeight, configuration.mapWidth)
    let rule = options.rule(for: configuration)
    let calibration = rule.test == .calibrated ? configuration.background?.test : nil
    guard calibration != nil || type(of: detector).responseIsStandardNormal else {
      throw configuration.background == nil
        ? InspectionError.noCalibration(detector: configuration.detector)
        : InspectionError.publishedTest(detector: configuration.detector)
    }
    let share = configuration.scoreShare
    let found = try withTorchErrors {
      withoutGradient {
        let evidence = evidence(in: Tensor(frames))
        let maps = evidence.maps(of: detector, height: height, width: width)
        // The published test is about a flow's latents alone.
        return (
          energies: BatchEnergies(calibration == nil ? evidence.response.scales : evidence.joined),
          localization: maps.localization.floats, detection: maps.detection?.floats,
          scores: (share.map { maps.localization.meanOfHighest($0) } ?? maps.imageScore).floats
        )
      }
    }
    let pixels = height * width
    return try concurrentMap(Array(frames.indices)) { index in
      Result {
        func map(_ values: [Float]) -> ScoreMap {
          ScoreMap(
            width: width, height: height, values: Array(values[(index * pixels)..<((index + 1) * pixels)]))
        }
        let scales = try found.energies.picture(index)
        let test: any AContrarioResult =
          if let calibration {
            try CalibratedTestResult(scales: scales, test: calibration)
          } else {
            try PublishedTestResult(scales: scales, height: height, width: width)
          }
        return Inspection(
          frame: frames[index], score: Double(found.scores[index]), anomalyMap: map(found.localization),
          detectionMap: found.detection.map(map), rule: rule,
          traits: configuration.trainingTraits, test: test)
      }
    }.map { try $0.get() }
  }

  /// Inspects the frames of a batch that could be read; the others keep their errors. Where the batch fails as a whole,
  /// each frame is tried alone.
  public func inspectEach(
    _ frames: [Result<Frame, any Error>], options: InspectionOptions = InspectionOptions()
  ) -> [Result<Inspection, any Error>] {
    let readable = frames.compactMap { try? $0.get() }
    var inspections: [Result<Inspection, any Error>]
    do {
      inspections = try inspect(readable, options: options).map { .success($0) }
    } catch {
      inspections = readable.map { frame in Result { try inspect([frame], options: options)[0] } }
    }
    return frames.map { result in
      if case .failure(let error) = result { return .failure(error) }
      return inspections.removeFirst()
    }
  }
}

extension Tensor {
  /// The mean of the highest values, a part of all, of every map `[batch, height, width]`: `[batch]`.
  fileprivate func meanOfHighest(_ share: Double) -> Tensor {
    let pixels = flatten(from: 1)
    return pixels.topk(max(Int(share * Double(pixels.size(1))), 1)).mean([1])
  }
}

/// Why a picture cannot be judged.
public enum InspectionError: Error, Equatable, CustomStringConvertible {
  /// The model has no calibration, and the published test is not for this detector.
  case noCalibration(detector: String)
  /// The published test was asked for, but is not for this detector.
  case publishedTest(detector: String)

  /// Why.
  public var description: String {
    switch self {
    case .noCalibration(let detector):
      "the model has no calibration, and the published test is for flows, not for the detector \(detector)"
    case .publishedTest(let detector): "the published test is for flows, not for the detector \(detector)"
    }
  }
}
