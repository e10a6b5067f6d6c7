import BlemishBackbones
import BlemishFiles
import BlemishTorch

/// How well a frozen segmenter finds what is planted in pictures that it has not learnt from.
enum SegmenterValidation {
  private static let batch = 16

  /// The mean loss and soft dice coefficient over the first pictures of a source.
  /// - Throws: ``ParameterError`` when the weights are not those of a segmenter.
  static func measure(
    _ weights: [String: StoredTensor], _ source: some LabelledPictureSource, count: Int,
    schedule: SegmenterSchedule, device: Device
  ) throws -> (loss: Double, dice: Double) {
    let starts = Array(stride(from: 0, to: count, by: batch))
    return try withTorchErrors {
      let segmenter = try DefectSegmenter<FrozenUnit>(Parameters(weights, device: device).root)
      let positiveWeight = Tensor.full([], schedule.positiveWeight, device: device)
      return withoutGradient {
        var (lossSum, diceSum) = (0.0, 0.0)
        for start in starts {
          let pictures = LabelledBatch(source, start..<min(start + batch, count))
          let (loss, dice) = SegmenterTrainer.loss(
            segmenter(pictures.images(on: device)), pictures.targets(on: device),
            positiveWeight: positiveWeight, schedule: schedule)
          lossSum += loss.item
          diceSum += dice.item
        }
        return (lossSum / Double(starts.count), diceSum / Double(starts.count))
      }
    }
  }
}
