import Foundation

/// Exact confidence intervals of what was counted.
///
/// At each end, the count or one farther out has the probability (1 - level) / 2.
package enum CountInterval {
  /// The interval of the mean of a Poisson variable of which `count` was seen (Garwood, Biometrika 1936).
  ///
  /// - Parameters:
  ///   - count: how many were seen, at least 0.
  ///   - level: the confidence, between 0 and 1.
  package static func poisson(_ count: Int, level: Double = 0.95) -> ClosedRange<Double> {
    let tail = (1 - level) / 2
    let count = max(count, 0)
    // Both ends lie well within ten standard deviations of the count.
    let limit = Double(count) + 10 * Double(count + 1).squareRoot() + 10 - log(tail)
    // At least `count`, with a small mean: the lower end. At most `count`, with a large one: the upper end.
    let lower = count == 0 ? 0 : root(0...limit) { 1 - poissonTail(count - 1, mean: $0) > tail }
    let upper = root(0...limit) { poissonTail(count, mean: $0) < tail }
    return lower...max(lower, upper)
  }

  /// The interval of the probability of which `count` of `trials` was seen (Clopper and Pearson, Biometrika
  /// 1934).
  ///
  /// - Parameters:
  ///   - count: how many were seen, from 0 to `trials`.
  ///   - trials: how many there could have been.
  ///   - level: the confidence, between 0 and 1.
  package static func binomial(_ count: Int, of trials: Int, level: Double = 0.95) -> ClosedRange<Double> {
    let tail = (1 - level) / 2
    let trials = max(trials, 0)
    let count = min(max(count, 0), trials)
    let lower =
      count == 0 ? 0 : root(0...1) { 1 - binomialTail(count - 1, of: trials, probability: $0) > tail }
    let upper =
      count == trials ? 1 : root(0...1) { binomialTail(count, of: trials, probability: $0) < tail }
    return lower...max(lower, upper)
  }

  /// The probability of at most `count`.
  private static func poissonTail(_ count: Int, mean: Double) -> Double {
    guard mean > 0 else { return 1 }
    return tail(upTo: count, first: -mean) { log(mean) - log(Double($0)) }
  }

  /// The probability of at most `count` of `trials`.
  private static func binomialTail(_ count: Int, of trials: Int, probability: Double) -> Double {
    guard probability > 0 else { return 1 }
    guard probability < 1 else { return count >= trials ? 1 : 0 }
    let odds = log(probability) - log1p(-probability)
    return tail(upTo: count, first: Double(trials) * log1p(-probability)) {
      odds + log(Double(trials - $0 + 1)) - log(Double($0))
    }
  }

  /// The sum of the probabilities of 0 to `count`, from the logarithm of the first and the steps between logarithms.
  /// The first probability may be too small for a double.
  private static func tail(upTo count: Int, first: Double, step: (Int) -> Double) -> Double {
    var logarithm = first
    var sum = exp(first)
    for seen in 0..<count {
      logarithm += step(seen + 1)
      sum += exp(logarithm)
    }
    return min(sum, 1)
  }

  /// The number in a range at which a condition that fails below begins to hold.
  private static func root(_ range: ClosedRange<Double>, _ holds: (Double) -> Bool) -> Double {
    var (low, high) = (range.lowerBound, range.upperBound)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if holds(middle) { high = middle } else { low = middle }
    }
    return (low + high) / 2
  }
}
