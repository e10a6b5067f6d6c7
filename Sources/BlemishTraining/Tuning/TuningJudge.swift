import BlemishBackbones
import BlemishFiles
import BlemishMeasures
import BlemishSynthesis
import BlemishTorch

/// Scores a backbone's weights on good pictures with planted defects that it was not tuned on.
struct TuningJudge {
  /// Some good pictures.
  typealias Pictures = (pictures: GoodPictures, indices: [Int])

  /// The pictures that defects are planted in.
  private let judged: Pictures
  /// The pictures whose features are normal.
  private let normal: Pictures
  /// The size of what is looked at: as large as what is tuned on.
  private let size: (height: Int, width: Int)
  private let planter: DefectPlanter
  private let device: Device

  /// More pictures than these tell little more.
  private static let mostJudged = 48
  private static let mostNormal = 96
  private static let batch = 8
  /// Every second row and column of a map is judged: neighbours tell the same.
  private static let pixelStep = 2
  /// The part of a map's pixels whose mean is the picture's score: one pixel is noise, and all of them hide what
  /// is small.
  private static let topShare = 0.005
  /// Always the same defects, so that figures of trainings with several seeds compare.
  private static let seed: UInt64 = 99

  /// - Parameters:
  ///   - judged: the pictures that defects are planted in; at least one.
  ///   - normal: those that the Gaussian learns from.
  ///   - size: rows and columns of what is looked at; of larger pictures, one crop each.
  init(
    judged: Pictures, normal: Pictures, size: (height: Int, width: Int), defects: DefectRecipe, device: Device
  ) {
    self.judged = (judged.pictures, Array(judged.indices.prefix(Self.mostJudged)))
    self.normal = (normal.pictures, Array(normal.indices.prefix(Self.mostNormal)))
    self.size = size
    // One in each picture: several would tell less of those that are hard to see.
    var single = defects
    single.most = 1
    planter = DefectPlanter(recipe: single)
    self.device = device
  }

  /// What the weights are worth.
  /// - Returns: nil where their features are no numbers.
  /// - Throws: ``ParameterError`` when the weights are of another network, or no numbers; `CancellationError` when
  ///   the task was cancelled.
  func score(_ weights: [String: StoredTensor]) throws -> TuningScore? {
    try withTorchErrors {
      let backbone = try EmbeddedBackbone(Parameters(weights, device: device).root)
      return try withoutGradient {
        var moments = FeatureGaussian.Moments()
        try forEachBatch(normal.indices.count) { places in
          let pictures = places.map { seen(normal, normal.indices[$0], $0) }
          moments.add(backbone(Tensor(normalizing: pictures, on: device)))
        }
        guard moments.isFinite else { return nil }
        let gaussian = FeatureGaussian(moments)
        var tally = Tally()
        try forEachBatch(judged.indices.count) { places in
          let planted = places.map(planted)
          let clean = places.map { seen(judged, judged.indices[$0], $0) }
          let images = Tensor(normalizing: clean + planted.map(\.picture), on: device)
          let maps = gaussian.map(backbone(images), height: images.size(2), width: images.size(3))
          for index in clean.indices { tally.add(maps.select(0, index).floats, planted: nil) }
          for (index, labelled) in planted.enumerated() {
            tally.add(maps.select(0, clean.count + index).floats, planted: labelled)
          }
        }
        return try tally.score()
      }
    }
  }

  /// A picture with defects.
  private func planted(_ place: Int) -> LabelledPicture {
    var random = SynthesisRandom(seed: Self.seed, place)
    let donor = random.pick(judged.indices)
    return planter.plant(
      into: seen(judged, judged.indices[place], place), donor: { seen(judged, donor, place) }, always: true,
      &random)
  }

  /// What is looked at of a picture: always the same.
  private func seen(_ some: Pictures, _ index: Int, _ place: Int) -> FloatPicture {
    var random = SynthesisRandom(seed: Self.seed, place, 1)
    return some.pictures.crop(index, height: size.height, width: size.width, &random)
  }

  private func forEachBatch(
    _ count: Int, _ body: (Range<Int>) throws -> Void
  ) throws {
    for start in stride(from: 0, to: count, by: Self.batch) {
      try Task.checkCancellation()
      try body(start..<min(start + Self.batch, count))
    }
  }

  /// The scores of pictures and pixels so far.
  private struct Tally {
    var images: (scores: [Float], planted: [Bool]) = ([], [])
    var pixels: (scores: [Float], planted: [Bool]) = ([], [])

    mutating func add(_ map: [Float], planted labelled: LabelledPicture?) {
      // Where an operator failed there is none; what failed is thrown in the end.
      guard !map.isEmpty else { return }
      let count = max(Int(Double(map.count) * TuningJudge.topShare), 1)
      images.scores.append(map.sorted(by: >).prefix(count).reduce(0, +) / Float(count))
      images.planted.append(labelled?.mask.contains { $0 > 0 } ?? false)
      guard let labelled else { return }
      let width = labelled.picture.width
      for y in stride(from: 0, to: labelled.picture.height, by: TuningJudge.pixelStep) {
        for x in stride(from: 0, to: width, by: TuningJudge.pixelStep) {
          pixels.scores.append(map[y * width + x])
          pixels.planted.append(labelled.mask[y * width + x] > 0)
        }
      }
    }

    func score() throws -> TuningScore? {
      guard images.scores.allSatisfy(\.isFinite), pixels.scores.allSatisfy(\.isFinite) else { return nil }
      let image = try ImageEvaluation(scores: images.scores, anomalous: images.planted).ranking.auroc.value
      let pixel = try ImageEvaluation(scores: pixels.scores, anomalous: pixels.planted).ranking.auroc.value
      guard let image, let pixel else { return nil }
      return TuningScore(pixelAUROC: pixel, imageAUROC: image)
    }
  }
}
