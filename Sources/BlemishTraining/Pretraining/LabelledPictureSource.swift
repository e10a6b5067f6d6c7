import BlemishSynthesis

/// An endless row of pictures with their defects' masks, each a function of its index alone: what is learnt from
/// does not depend on how many threads make it, nor on where an interrupted training goes on.
public protocol LabelledPictureSource: Sendable {
  /// The rows of every picture, a multiple of the network's coarsest stride.
  var height: Int { get }
  /// The columns of every picture, likewise.
  var width: Int { get }
  /// The picture of an index.
  func sample(_ index: Int) -> LabelledPicture
}

/// Generated pictures with planted defects.
public struct GeneratedDefects: LabelledPictureSource {
  /// What is generated.
  public let pictures: PictureGenerator
  private let donors: PictureGenerator
  private let planter: DefectPlanter

  /// The pictures of a seed.
  public init(pictures: PictureRecipe, defects: DefectRecipe, side: Int, seed: UInt64) {
    self.pictures = PictureGenerator(recipe: pictures, width: side, height: side, seed: seed)
    donors = PictureGenerator(recipe: pictures, width: side, height: side, seed: ~seed)
    planter = DefectPlanter(recipe: defects)
  }

  /// The rows of every picture.
  public var height: Int { pictures.height }
  /// The columns of every picture.
  public var width: Int { pictures.width }

  /// The picture of an index.
  public func sample(_ index: Int) -> LabelledPicture {
    var random = SynthesisRandom(seed: pictures.seed, index, 1)
    return planter.plant(into: pictures.picture(index), donor: { donors.picture(index) }, &random)
  }
}
