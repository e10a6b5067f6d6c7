import Synthesis

/// Random crops of good pictures with planted defects: what the backbone is tuned on.
struct PlantedCrops: LabelledPictureSource {
  let side: Int
  private let pictures: GoodPictures
  private let indices: [Int]
  private let options: AdaptationOptions
  private let planter: DefectPlanter
  private let seed: UInt64

  /// - Parameter indices: the pictures to crop; at least one.
  init(_ pictures: GoodPictures, indices: [Int], options: AdaptationOptions, multiple: Int, seed: UInt64) {
    self.pictures = pictures
    self.indices = indices
    self.options = options
    self.seed = seed
    let largest = min(options.crop, pictures.width, pictures.height)
    side = max(largest / multiple, 1) * multiple
    planter = DefectPlanter(recipe: options.defects)
  }

  func sample(_ index: Int) -> LabelledPicture {
    var random = SynthesisRandom(seed: seed, index, 2)
    var donor = random.split()
    var picture = crop(&random)
    let contrast = 1 + Float(options.contrastJitter) * random.uniform(-1, 1)
    let brightness = Float(options.brightnessJitter) * random.uniform(-1, 1)
    for index in picture.values.indices {
      picture.values[index] = min(max((picture.values[index] - 0.5) * contrast + 0.5 + brightness, 0), 1)
    }
    return planter.plant(into: picture, donor: { crop(&donor) }, &random)
  }

  private func crop(_ random: inout SynthesisRandom) -> FloatPicture {
    pictures.crop(
      random.pick(indices), x: random.below(pictures.width - side + 1),
      y: random.below(pictures.height - side + 1), width: side, height: side, mirroredX: random.chance(0.5),
      mirroredY: random.chance(0.5))
  }
}
