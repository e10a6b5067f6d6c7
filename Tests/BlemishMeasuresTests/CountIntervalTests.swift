import Testing

@testable import BlemishMeasures

@Suite struct CountIntervalTests {
  // From SciPy: chi2.ppf(0.025, 2k) / 2, chi2.ppf(0.975, 2k + 2) / 2.
  @Test(arguments: [
    (0, 0.0, 3.6888794541139354), (1, 0.025317807984289876, 5.571643390938898),
    (7, 2.8143630515198654, 14.422675361702376), (300, 267.00927523296633, 335.94112555257067),
  ])
  func poissonIntervalIsGarwoods(count: Int, lower: Double, upper: Double) {
    let interval = CountInterval.poisson(count)
    #expect(abs(interval.lowerBound - lower) < 1e-9)
    #expect(abs(interval.upperBound - upper) < 1e-9)
  }

  // From SciPy: beta.ppf(0.025, k, n - k + 1), beta.ppf(0.975, k + 1, n - k).
  @Test(arguments: [
    (0, 10, 0.0, 0.3084971078187607), (3, 10, 0.06673951117773447, 0.6524528500599973),
    (10, 10, 0.6915028921812392, 1.0), (120, 467, 0.2179050837179619, 0.2991227321374833),
  ])
  func binomialIntervalIsClopperAndPearsons(count: Int, trials: Int, lower: Double, upper: Double) {
    let interval = CountInterval.binomial(count, of: trials)
    #expect(abs(interval.lowerBound - lower) < 1e-9)
    #expect(abs(interval.upperBound - upper) < 1e-9)
  }

  @Test func countsWithoutMeaningGiveAnInterval() {
    #expect(CountInterval.poisson(-3).lowerBound == 0)
    #expect(CountInterval.binomial(5, of: 0) == 0...1)
    #expect(CountInterval.poisson(20_000).contains(20_000))
  }
}
