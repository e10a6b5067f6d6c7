import BlemishBackbones
import BlemishSynthesis
import BlemishTorch

extension TrainingSession {
  /// Whitens the features of a backbone that wants it, and the evidence, if that is not done: a linear map behind every
  /// one makes them, on good training pictures, independent, of mean 0 and variance 1. A flow, which is nearly the
  /// identity at first, then begins where a plain Gaussian ends.
  /// - Throws: the error of a picture that can no longer be read; `CancellationError` when the task was cancelled.
  func whiten(on pictures: TrainingPictures) throws {
    let places = try unwhitened
    guard !places.isEmpty else { return }
    let step = max(record.trainingPictures / Self.whitenedPictures, 1)
    let chosen = Array(stride(from: 0, to: record.trainingPictures, by: step))
    var moments = FeatureGaussian.Moments()
    for start in stride(from: 0, to: chosen.count, by: model.configuration.batch(4)) {
      try Task.checkCancellation()
      let batch = Array(chosen[start..<min(start + model.configuration.batch(4), chosen.count)])
      var seen = try pictures.pictures(batch)
      for version in 1..<(record.lights ?? 1) {
        seen += seen.prefix(batch.count).enumerated().map { index, picture in
          var random = SynthesisRandom(seed: record.seed, batch[index], version)
          return Lighting(&random)(picture)
        }
      }
      let images = Tensor(seen)
      try withTorchErrors {
        withoutGradient {
          for seen in model.configuration.seen(of: images) {
            moments.add(model.backbone.unwhitened(seen.to(device: model.device)))
          }
        }
      }
    }
    var weights = model.backboneWeights
    let maps = try withTorchErrors { FeatureGaussian(moments).whitening }
    for (index, map) in maps.enumerated() {
      guard let place = places[index] else { continue }
      weights[place + ".weight"] = map.weight.stored
      weights[place + ".bias"] = map.bias.stored
    }
    model = try model.replacingBackbone(options.backbones.named(model.configuration.backbone), weights)
  }

  /// Whether something is to be whitened.
  var isUnwhitened: Bool { get throws { try !unwhitened.isEmpty } }

  /// Where the linear maps go that are still missing, by their index: those of the feature maps, and behind them that of
  /// the evidence.
  private var unwhitened: [Int: String] {
    get throws {
      let description = try options.backbones.named(model.configuration.backbone)
      let levels = model.backbone.channels.count
      var places: [Int: String] = [:]
      if description.isWhitened {
        for level in 0..<levels { places[level] = "\(WhitenedBackbone.name).\(level)" }
      }
      if isJoined || model.backbone is EmbeddedBackbone {
        places[levels] =
          (isJoined ? Self.segmenterPrefix : "")
          + "\(WhitenedBackbone.name).\(EmbeddedBackbone.evidenceName)"
      }
      return places.filter { model.backboneWeights[$0.value + ".weight"] == nil }
    }
  }

  /// Twice as many pictures at most are looked at; more change little.
  private static let whitenedPictures = 100
}
