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
    let count = 1 + random.below(recipe.most)
    for _ in 0..<count { plant(random.pick(shares), into: &labelled, donor: donor, &random) }
    if count > 1 { unmarkRestored(picture, in: &labelled) }
    return labelled
  }

  /// Plants one defect of a kind. What is not visible on the surface is not marked.
  public func plant(
    _ kind: SyntheticDefectKind, into labelled: inout LabelledPicture, donor: () -> FloatPicture,
    _ random: inout SynthesisRandom
  ) {
    let before = labelled.picture
    let amplitude = recipe.amplitude.draw(&random) * (random.chance(0.6) ? -1 : 1)
    let scale = recipe.scale.draw(&random) * Float(min(before.width, before.height))
    var defect = PlantedAlteration(
      picture: before, amplitude: amplitude, scale: scale, random: random.split())
    let coverage = defect.apply(kind, donor: donor)
    labelled.picture = defect.picture
    mark(coverage, from: before, in: &labelled)
  }

  /// Marks the pixels that are covered and changed visibly.
  private func mark(_ coverage: Coverage, from before: FloatPicture, in labelled: inout LabelledPicture) {
    let (columns, rows) = (coverage.width, coverage.height)
    forEachVisible(before, labelled.picture, x0: coverage.x0, y0: coverage.y0, width: columns, height: rows) {
      place, pixel, isVisible in
      if isVisible && coverage.values[place] > 0.3 { labelled.mask[pixel] = 1 }
    }
  }

  /// Takes the mark from pixels that look as before again, because one defect came over another.
  private func unmarkRestored(_ original: FloatPicture, in labelled: inout LabelledPicture) {
    forEachVisible(original, labelled.picture, x0: 0, y0: 0, width: original.width, height: original.height) {
      _, pixel, isVisible in
      if !isVisible { labelled.mask[pixel] = 0 }
    }
  }

  /// Says of every pixel of a rectangle whether the mean change over 3 x 3 pixels and all channels is visible.
  /// - Parameter body: gets the pixel's place in the rectangle and in the picture.
  private func forEachVisible(
    _ before: FloatPicture, _ after: FloatPicture, x0: Int, y0: Int, width columns: Int, height rows: Int,
    _ body: (_ place: Int, _ pixel: Int, _ isVisible: Bool) -> Void
  ) {
    guard columns > 0, rows > 0 else { return }
    let (width, pixels) = (before.width, before.pixelCount)
    let change = before.values.withUnsafeBufferPointer { before in
      after.values.withUnsafeBufferPointer { after in
        Plane(width: columns, height: rows) { y, row in
          let start = (y0 + y) * width + x0
          for x in 0..<columns { row[x] = 0 }
          for first in stride(from: start, to: after.count, by: pixels) {
            for x in 0..<columns { row[x] += abs(after[first + x] - before[first + x]) }
          }
        }
      }
    }
    let threshold = Float(recipe.visible) * Float(9 * before.channels)
    change.values.withUnsafeBufferPointer { change in
      for y in 0..<rows {
        for x in 0..<columns {
          var sum: Float = 0
          for line in max(y - 1, 0)...min(y + 1, rows - 1) {
            for column in max(x - 1, 0)...min(x + 1, columns - 1) { sum += change[line * columns + column] }
          }
          body(y * columns + x, (y0 + y) * width + x0 + x, sum > threshold)
        }
      }
    }
  }
}
