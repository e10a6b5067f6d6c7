import Backbones
import Torch

extension TrainingSession {
  /// Whitens the embedded backbone's features and its evidence, if that is not done: a linear map behind every one
  /// makes them, on good training pictures, independent, of mean 0 and variance 1. A flow, which is nearly the
  /// identity at first, then begins where a plain Gaussian ends.
  /// - Returns: false when it was asked to stop.
  /// - Throws: the error of the first picture that cannot be read.
  func whiten(shouldStop: () -> Bool) throws -> Bool {
    let name = EmbeddedBackbone.whiteningName + "."
    guard let backbone = model.backbone as? EmbeddedBackbone,
      !model.backboneWeights.keys.contains(where: { $0.hasPrefix(name) })
    else { return true }
    let stride = max(training.count / Self.whitenedPictures, 1)
    let paths = training.indices.filter { $0 % stride == 0 }.map { training[$0].path }
    var moments = FeatureGaussian.Moments()
    do {
      try model.configuration.forEachBatch(of: paths, size: 4) { batch in
        if shouldStop() { throw CancellationError() }
        let images = Tensor(try batch.map { try $0.get() })
        try withTorchErrors {
          withoutGradient {
            for seen in model.configuration.seen(of: images) {
              moments.add(backbone.unwhitened(seen.to(device: model.device)))
            }
          }
        }
      }
    } catch is CancellationError {
      return false
    }
    var weights = model.backboneWeights
    let maps = try withTorchErrors { FeatureGaussian(moments).whitening }
    for (level, map) in zip(EmbeddedBackbone.whiteningLevels, maps) {
      weights["\(name)\(level).weight"] = map.weight.stored
      weights["\(name)\(level).bias"] = map.bias.stored
    }
    try model.replaceBackbone(weights)
    return true
  }

  /// Twice as many pictures at most are looked at; more change little.
  private static let whitenedPictures = 100
}
