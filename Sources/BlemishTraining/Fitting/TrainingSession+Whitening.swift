import BlemishBackbones
import BlemishTorch

extension TrainingSession {
  /// Whitens the embedded backbone's features and its evidence, if that is not done: a linear map behind every one
  /// makes them, on good training pictures, independent, of mean 0 and variance 1. A flow, which is nearly the
  /// identity at first, then begins where a plain Gaussian ends.
  /// - Throws: the error of a picture that can no longer be read; `CancellationError` when the task was cancelled.
  func whiten(on pictures: TrainingPictures) throws {
    guard let backbone = unwhitenedBackbone else { return }
    let step = max(record.trainingPictures / Self.whitenedPictures, 1)
    let chosen = Array(stride(from: 0, to: record.trainingPictures, by: step))
    var moments = FeatureGaussian.Moments()
    for start in stride(from: 0, to: chosen.count, by: model.configuration.batch(4)) {
      try Task.checkCancellation()
      let batch = Array(chosen[start..<min(start + model.configuration.batch(4), chosen.count)])
      let images = Tensor(try pictures.pictures(batch))
      try withTorchErrors {
        withoutGradient {
          for seen in model.configuration.seen(of: images) {
            moments.add(backbone.unwhitened(seen.to(device: model.device)))
          }
        }
      }
    }
    var weights = model.backboneWeights
    let maps = try withTorchErrors { FeatureGaussian(moments).whitening }
    for (level, map) in zip(EmbeddedBackbone.whiteningLevels, maps) {
      weights["\(Self.whiteningPrefix)\(level).weight"] = map.weight.stored
      weights["\(Self.whiteningPrefix)\(level).bias"] = map.bias.stored
    }
    model = try model.replacingBackbone(options.backbones.named(model.configuration.backbone), weights)
  }

  /// The embedded backbone, where its features are not whitened yet.
  var unwhitenedBackbone: EmbeddedBackbone? {
    let isWhitened = model.backboneWeights.keys.contains { $0.hasPrefix(Self.whiteningPrefix) }
    return isWhitened ? nil : model.backbone as? EmbeddedBackbone
  }

  private static var whiteningPrefix: String { EmbeddedBackbone.whiteningName + "." }

  /// Twice as many pictures at most are looked at; more change little.
  private static let whitenedPictures = 100
}
