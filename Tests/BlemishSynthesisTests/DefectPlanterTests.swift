import Testing

@testable import BlemishSynthesis

@Suite struct DefectPlanterTests {
  private let side = 48
  private let planter = DefectPlanter()

  /// A surface with enough on it that every alteration can be seen.
  private func surface(_ seed: UInt64, channels: Int = 1) -> FloatPicture {
    var random = SynthesisRandom(seed: seed, 9)
    return FloatPicture(
      (0..<channels).map { _ in
        var plane = SmoothField.make(width: side, height: side, cell: 3, &random)
        plane.map { 0.5 + 0.12 * max(min($0, 2.5), -2.5) }
        return plane
      })
  }

  @Test(arguments: SyntheticDefectKind.allCases) func marksWhatIsAlteredAndNothingElse(
    _ kind: SyntheticDefectKind
  ) {
    var marked = 0
    for seed in 0..<8 as Range<UInt64> {
      let clean = surface(seed, channels: seed % 2 == 0 ? 1 : 3)
      var labelled = LabelledPicture(picture: clean, mask: [Float](repeating: 0, count: side * side))
      var random = SynthesisRandom(seed: seed, 3)
      planter.plant(kind, into: &labelled, donor: { surface(seed + 100) }, &random)
      let change = (0..<side * side).map { pixel in
        (0..<clean.channels).reduce(Float(0)) { sum, channel in
          let index = channel * clean.pixelCount + pixel
          return sum + abs(labelled.picture.values[index] - clean.values[index]) / Float(clean.channels)
        }
      }
      #expect(labelled.picture.values.allSatisfy { (0...1).contains($0) })
      #expect(labelled.mask.allSatisfy { $0 == 0 || $0 == 1 })
      var (strong, strongAndMarked) = (0, 0)
      let strongest = change.max() ?? 0
      for y in 0..<side {
        for x in 0..<side {
          let pixel = y * side + x
          if labelled.mask[pixel] > 0 {
            marked += 1
            // A marked pixel or one beside it has changed.
            var around: Float = 0
            for row in max(y - 1, 0)...min(y + 1, side - 1) {
              for column in max(x - 1, 0)...min(x + 1, side - 1) { around += change[row * side + column] }
            }
            #expect(around / 9 > Float(planter.recipe.visible) * 0.999)
          }
          if change[pixel] > max(0.6 * strongest, 0.03) {
            strong += 1
            if labelled.mask[pixel] > 0 { strongAndMarked += 1 }
          }
        }
      }
      #expect(Double(strongAndMarked) >= 0.7 * Double(strong), "\(strongAndMarked) of \(strong) are marked")
    }
    #expect(marked > 0)
  }

  @Test func leavesTheShareOfTheRecipeWithout() {
    var recipe = DefectRecipe.standard
    recipe.none = 1
    var random = SynthesisRandom(seed: 0)
    let without = DefectPlanter(recipe: recipe)
    let picture = surface(1)
    for _ in 0..<20 {
      let labelled = without.plant(into: picture, donor: { picture }, &random)
      #expect(labelled.picture == picture && !labelled.mask.contains { $0 > 0 })
    }
    recipe.none = 0
    let with = DefectPlanter(recipe: recipe)
    let changed = (0..<20).count { _ in
      with.plant(into: picture, donor: { picture }, &random).picture != picture
    }
    #expect(changed >= 18)
  }

  @Test func plantsTheSameOfTheSameStream() {
    let picture = surface(2)
    func planted() -> [LabelledPicture] {
      var random = SynthesisRandom(seed: 4)
      return (0..<10).map { _ in planter.plant(into: picture, donor: { surface(3) }, &random) }
    }
    #expect(planted() == planted())
  }

  @Test func takesPiecesFromPicturesOfOtherSizesAndColours() {
    var labelled = LabelledPicture(
      picture: surface(1, channels: 3), mask: [Float](repeating: 0, count: side * side))
    let small = FloatPicture(width: 9, height: 5, channels: 1, values: [Float](repeating: 1, count: 45))
    for seed in 0..<10 as Range<UInt64> {
      var random = SynthesisRandom(seed: seed)
      planter.plant(.foreignPiece, into: &labelled, donor: { small }, &random)
    }
    #expect(labelled.mask.contains(1))
  }
}
