import BlemishSynthesis

/// Good pictures with planted defects, a little brighter or darker: what the backbone is tuned on.
struct PlantedGoodPictures: LabelledPictureSource {
  let height: Int
  let width: Int
  private let pictures: GoodPictures
  private let indices: [Int]
  private let options: TuningOptions
  private let planter: DefectPlanter
  private let seed: UInt64

  /// - Parameters:
  ///   - indices: the pictures to take; at least one.
  ///   - multiple: what the sides of pictures must be multiples of, as those of the good pictures are.
  init(_ pictures: GoodPictures, indices: [Int], options: TuningOptions, multiple: Int, seed: UInt64) {
    self.pictures = pictures
    self.indices = indices
    self.options = options
    self.seed = seed
    func side(_ length: Int) -> Int { max(min(options.longestSide, length) / multiple, 1) * multiple }
    height = side(pictures.height)
    width = side(pictures.width)
    planter = DefectPlanter(recipe: options.defects)
  }

  func sample(_ index: Int) -> LabelledPicture {
    var random = SynthesisRandom(seed: seed, index, 2)
    var donor = random.split()
    var picture = draw(&random)
    let contrast = 1 + Float(options.contrastJitter) * random.uniform(-1, 1)
    let brightness = Float(options.brightnessJitter) * random.uniform(-1, 1)
    for index in picture.values.indices {
      picture.values[index] = min(max((picture.values[index] - 0.5) * contrast + 0.5 + brightness, 0), 1)
    }
    if options.variesLight == true { Lighting(&random).change(&picture) }
    return planter.plant(into: picture, donor: { draw(&donor) }, &random)
  }

  /// A picture, or a crop of one that is larger.
  private func draw(_ random: inout SynthesisRandom) -> FloatPicture {
    pictures.crop(random.pick(indices), height: height, width: width, &random)
  }
}
