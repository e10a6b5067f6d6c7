import Dispatch
import Foundation
import Testing

@testable import BlemishSynthesis

@Suite struct PictureGeneratorTests {
  private let generator = PictureGenerator(width: 40, height: 32, seed: 5)

  /// Results of tasks on several threads, by index.
  private final class Box: @unchecked Sendable {
    private let lock = NSLock()
    private var pictures: [Int: FloatPicture] = [:]
    subscript(index: Int) -> FloatPicture? {
      get { lock.withLock { pictures[index] } }
      set { lock.withLock { pictures[index] = newValue } }
    }
  }

  @Test func makesTheSamePictureOnAnyThreadInAnyOrder() {
    let expected = (0..<12).map(generator.picture)
    let box = Box()
    DispatchQueue.concurrentPerform(iterations: 12) { [generator] index in
      box[11 - index] = generator.picture(11 - index)
    }
    for index in 0..<12 { #expect(box[index] == expected[index]) }
  }

  @Test func makesOtherPicturesOfOtherIndicesAndSeeds() {
    let pictures = (0..<12).map(generator.picture)
    for index in 1..<12 { #expect(pictures[index] != pictures[index - 1]) }
    #expect(PictureGenerator(width: 40, height: 32, seed: 6).picture(0) != pictures[0])
  }

  @Test func makesPicturesWithinTheRangeGreyAndColoured() {
    var channels: Set<Int> = []
    for index in 0..<40 {
      let picture = generator.picture(index)
      channels.insert(picture.channels)
      #expect(picture.values.allSatisfy { (0...1).contains($0) })
    }
    #expect(channels == [1, 3])
  }

  @Test(arguments: TextureKind.allCases) func surfacesAreStandardized(_ kind: TextureKind) {
    for seed in 0..<3 {
      var random = SynthesisRandom(seed: UInt64(seed), 1)
      let texture = GeneratedTexture.make(kind, width: 48, height: 36, &random)
      let mean = texture.values.reduce(0, +) / Float(texture.values.count)
      let variance = texture.values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(texture.values.count)
      #expect(
        abs(mean) < 1e-2 && abs(variance - 1) < 2e-2, "seed \(seed): mean \(mean), variance \(variance)")
    }
  }

  @Test func theRecipeDecidesWhatIsMade() {
    var recipe = PictureRecipe.standard
    recipe.grey = 1
    let grey = PictureGenerator(recipe: recipe, width: 16, height: 16, seed: 0)
    #expect((0..<20).allSatisfy { grey.picture($0).channels == 1 })
    recipe.grey = 0
    let coloured = PictureGenerator(recipe: recipe, width: 16, height: 16, seed: 0)
    #expect((0..<20).allSatisfy { coloured.picture($0).channels == 3 })
  }
}
