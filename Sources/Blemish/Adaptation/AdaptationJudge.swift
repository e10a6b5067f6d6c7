import Backbones
import Foundation
import Imaging
import Metrics
import Synthesis
import Torch

/// Scores a backbone's weights on good pictures with planted defects that it was not tuned on.
struct AdaptationJudge {
  /// Good pictures without and with planted defects.
  private let clean: [FloatPicture]
  private let planted: [LabelledPicture]
  /// The pictures whose features are normal.
  private let normal: [FloatPicture]
  private let device: Device

  /// More pictures than these tell little more.
  private static let mostJudged = 48
  private static let mostNormal = 96
  private static let batch = 8
  /// Every second row and column of a map is judged: neighbours tell the same.
  private static let pixelStep = 2
  /// The part of a map's pixels whose mean is the picture's score.
  private static let topShare = 0.005

  /// - Parameters:
  ///   - judged: the pictures that defects are planted in.
  ///   - normal: those that the Gaussian learns from.
  init(
    judged: (pictures: GoodPictures, indices: [Int]), normal: (pictures: GoodPictures, indices: [Int]),
    defects: DefectRecipe, device: Device
  ) {
    self.device = device
    let planter = DefectPlanter(recipe: defects)
    let (pictures, indices) = (judged.pictures, judged.indices.prefix(Self.mostJudged))
    clean = indices.map(pictures.picture)
    planted = indices.enumerated().map { place, index in
      // The seed is always the same: figures of several seeds of a training compare.
      var random = SynthesisRandom(seed: 99, place)
      let donor = indices[random.below(indices.count)]
      return planter.plant(
        into: pictures.picture(index), donor: { pictures.picture(donor) }, always: true, &random)
    }
    self.normal = normal.indices.prefix(Self.mostNormal).map(normal.pictures.picture)
  }

  /// What the weights are worth.
  /// - Returns: nil where their features are no numbers.
  /// - Throws: ``ParameterError`` when the weights are of another network; `CancellationError` when stopped.
  func score(
    _ weights: [String: StoredTensor], shouldStop: () -> Bool) throws -> AdaptationScore? {
    let parameters = Parameters(weights, device: device)
    return try withTorchErrors {
      try withoutGradient {
        let backbone = try EmbeddedBackbone(parameters.root)
        var moments = FeatureGaussian.Moments()
        try forEachBatch(normal, shouldStop) { moments.add(backbone($0)) }
        let gaussian = FeatureGaussian(moments)
        func maps(_ pictures: [FloatPicture]) throws -> [[Float]] {
          var maps: [[Float]] = []
          try forEachBatch(pictures, shouldStop) { images in
            let map = gaussian.map(backbone(images), height: images.size(2), width: images.size(3))
            maps += (0..<map.size(0)).map { map.select(0, $0).floats }
          }
          return maps
        }
        return try score(clean: maps(clean), planted: maps(planted.map(\.picture)))
      }
    }
  }

  private func forEachBatch(
    _ pictures: [FloatPicture], _ shouldStop: () -> Bool, _ body: (Tensor) throws -> Void
  ) throws {
    for start in stride(from: 0, to: pictures.count, by: Self.batch) {
      if shouldStop() { throw CancellationError() }
      try body(Tensor(normalizing: Array(pictures[start..<min(start + Self.batch, pictures.count)]), on: device))
    }
  }

  private func score(clean: [[Float]], planted maps: [[Float]]) throws -> AdaptationScore? {
    guard clean.allSatisfy({ $0.allSatisfy(\.isFinite) }), maps.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      return nil
    }
    let images = try ImageEvaluation(
      scores: (clean + maps).map(Self.imageScore),
      anomalous: clean.map { _ in false } + planted.map { $0.mask.contains { $0 > 0 } })
    var scores: [Float] = []
    var anomalous: [Bool] = []
    for (map, labelled) in zip(maps, planted) {
      let width = labelled.picture.width
      for y in stride(from: 0, to: labelled.picture.height, by: Self.pixelStep) {
        for x in stride(from: 0, to: width, by: Self.pixelStep) {
          scores.append(map[y * width + x])
          anomalous.append(labelled.mask[y * width + x] > 0)
        }
      }
    }
    let pixels = try ImageEvaluation(scores: scores, anomalous: anomalous)
    guard let image = images.ranking.auroc.value, let pixel = pixels.ranking.auroc.value else { return nil }
    return AdaptationScore(pixelAUROC: pixel, imageAUROC: image)
  }

  /// The mean of the largest values: one pixel is noise, and all of them hide what is small.
  private static func imageScore(_ map: [Float]) -> Float {
    let count = max(Int(Double(map.count) * topShare), 1)
    return map.sorted(by: >).prefix(count).reduce(0, +) / Float(count)
  }
}
