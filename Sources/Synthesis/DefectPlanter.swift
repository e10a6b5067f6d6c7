import Foundation

/// Plants defects into pictures and marks where they can be seen.
public struct DefectPlanter: Sendable {
  /// How often which defects are planted.
  public let recipe: DefectRecipe
  private let shares: [(element: SyntheticDefectKind, share: Double)]

  /// A planter that follows a recipe.
  public init(recipe: DefectRecipe = .standard) {
    self.recipe = recipe
    shares = SyntheticDefectKind.allCases.map { ($0, recipe.kinds[$0] ?? 0) }
  }

  /// The picture with no, one or several defects.
  /// - Parameters:
  ///   - always: whether a picture must not stay without.
  ///   - donor: makes the picture that a piece comes from, when one is needed; its size does not matter.
  public func plant(
    into picture: FloatPicture, donor: () -> FloatPicture, always: Bool = false,
    _ random: inout SynthesisRandom
  ) -> LabelledPicture {
    var labelled = LabelledPicture(
      picture: picture, mask: [Float](repeating: 0, count: picture.pixelCount))
    guard !random.chance(Float(recipe.none)) || always else { return labelled }
    let second = random.chance(Float(recipe.second))
    let third = random.chance(Float(recipe.third))
    for _ in 0..<1 + (second ? 1 : 0) + (third ? 1 : 0) {
      plant(random.pick(shares), into: &labelled, donor: donor, &random)
    }
    return labelled
  }

  /// Plants one defect of a kind. What is not visible on the surface is not marked.
  public func plant(
    _ kind: SyntheticDefectKind, into labelled: inout LabelledPicture, donor: () -> FloatPicture,
    _ random: inout SynthesisRandom
  ) {
    let before = labelled.picture
    let amplitude = recipe.amplitude.draw(&random) * (random.chance(0.6) ? -1 : 1)
    var defect = PlantedAlteration(picture: before, amplitude: amplitude, random: random.split())
    let coverage = defect.apply(kind, donor: donor)
    labelled.picture = defect.picture
    mark(coverage, from: before, in: &labelled)
  }

  /// Marks the pixels that are covered and changed visibly, on the mean of 3 x 3 pixels and all channels.
  private func mark(_ coverage: Coverage, from before: FloatPicture, in labelled: inout LabelledPicture) {
    guard coverage.width > 0, coverage.height > 0 else { return }
    let (width, pixels) = (before.width, before.pixelCount)
    let change = before.values.withUnsafeBufferPointer { before in
      labelled.picture.values.withUnsafeBufferPointer { after in
        Plane(width: coverage.width, height: coverage.height) { y, row in
          let start = (coverage.y0 + y) * width + coverage.x0
          for x in 0..<coverage.width { row[x] = 0 }
          for first in stride(from: start, to: after.count, by: pixels) {
            for x in 0..<coverage.width { row[x] += abs(after[first + x] - before[first + x]) }
          }
        }
      }
    }
    let threshold = Float(recipe.visible) * Float(9 * before.channels)
    let (columns, rows) = (coverage.width, coverage.height)
    change.values.withUnsafeBufferPointer { change in
      for y in 0..<rows {
        for x in 0..<columns where coverage.values[y * columns + x] > 0.3 {
          var sum: Float = 0
          for line in max(y - 1, 0)...min(y + 1, rows - 1) {
            for column in max(x - 1, 0)...min(x + 1, columns - 1) { sum += change[line * columns + column] }
          }
          if sum > threshold { labelled.mask[(coverage.y0 + y) * width + coverage.x0 + x] = 1 }
        }
      }
    }
  }
}
