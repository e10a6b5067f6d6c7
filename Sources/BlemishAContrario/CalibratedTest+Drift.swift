import Foundation

extension CalibratedTest {
  /// The mean over a picture of how many standard deviations its log-energies are above what is usual.
  /// - Parameter picture: the energies of the picture, finest scale first.
  /// - Throws: ``AContrarioError`` where the picture has other scales than the test has learnt.
  public func meanDeviation(_ picture: [ScaleEnergies]) throws(AContrarioError) -> Double {
    Self.mean(try deviations(picture))
  }

  /// Whether new good pictures still look like those that the test has learnt from.
  ///
  /// The two sets of mean deviations are compared by the two-sample test of Kolmogorov and Smirnov, with Stephens'
  /// correction (1970). Pictures with the same mean deviation, to the bit, are copies and count as one.
  /// - Parameter other: what ``meanDeviation(_:)`` gives for every new picture.
  /// - Returns: the p-value: how probable it is that pictures of the same kind differ at least as much.
  /// - Throws: ``AContrarioError`` where there are fewer than two pictures of different content, on either side.
  public func driftPValue(meanDeviations other: [Double]) throws(AContrarioError) -> Double {
    let (first, second) = (try Self.distinct(meanDeviations), try Self.distinct(other))
    var distance = 0.0
    var (i, j) = (0, 0)
    while i < first.count, j < second.count {
      let value = min(first[i], second[j])
      while i < first.count, first[i] <= value { i += 1 }
      while j < second.count, second[j] <= value { j += 1 }
      distance = max(distance, abs(Double(i) / Double(first.count) - Double(j) / Double(second.count)))
    }
    let size = (Double(first.count * second.count) / Double(first.count + second.count)).squareRoot()
    let lambda = (size + 0.12 + 0.11 / size) * distance
    guard lambda > 0.2 else { return 1 }
    var sum = 0.0
    for term in 1...100 {
      sum += (term % 2 == 1 ? 2 : -2) * exp(-2 * lambda * lambda * Double(term * term))
    }
    return min(max(sum, 0), 1)
  }

  /// The different numbers, ascending.
  private static func distinct(_ deviations: [Double]) throws(AContrarioError) -> [Double] {
    if let index = deviations.firstIndex(where: { !$0.isFinite }) { throw .notFinite(index: index) }
    guard deviations.count >= leastPictures else {
      throw .tooFewPictures(count: deviations.count, least: leastPictures)
    }
    let distinct = Set(deviations).sorted()
    guard distinct.count >= leastPictures else {
      throw .identicalPictures(count: deviations.count, distinct: distinct.count)
    }
    return distinct
  }
}
