import Foundation
import Testing

@testable import BlemishAContrario

struct TestsOfOnePictureTests {
  @Test
  func aBlobIsFoundWhereItLiesAndNoiseIsNot() throws {
    var generator = SplitMix(state: 7)
    func normal() -> Float {
      let u = Double.random(in: 1e-12..<1, using: &generator)
      return Float((-2 * log(u)).squareRoot() * cos(2 * .pi * Double.random(in: 0..<1, using: &generator)))
    }
    var latents = (0..<32 * 16 * 16).map { _ in normal() }
    let noise = try ScaleEnergies(latents: latents, channels: 32, height: 16, width: 16)
    for channel in 0..<32 {
      for row in 4..<8 {
        for column in 4..<8 { latents[(channel * 16 + row) * 16 + column] *= 6 }
      }
    }
    let blob = try ScaleEnergies(latents: latents, channels: 32, height: 16, width: 16)
    let nothing = try PublishedTestResult(scales: [noise], height: 32, width: 32)
    #expect(nothing.mostSignificantLogNFA > 0)
    #expect(nothing.logNFA.allSatisfy { $0 > 0 })
    let found = try PublishedTestResult(scales: [blob], height: 32, width: 32)
    #expect(found.mostSignificantLogNFA < 0)
    #expect(found.logNFA[12 * 32 + 12] < 0)
    #expect(found.logNFA[24 * 32 + 24] > 0)
  }

  @Test
  func latentsOfZeroAreNoAnomaly() throws {
    let scale = try ScaleEnergies(latents: [Float](repeating: 0, count: 48), channels: 3, height: 4, width: 4)
    let test = try PublishedTestResult(scales: [scale], height: 8, width: 8)
    #expect(test.logNFA.allSatisfy { $0.isFinite && $0 > 0 })
  }

  @Test
  func theNumberOfTestsIsTheSumInLogarithms() {
    for pixels in [1, 2, 3, 16, 100, 400] {
      let sum = (1...pixels).reduce(0.0) { $0 + 0.316915 * pow(4.062570, Double($1)) / Double($1) }
      let expected = log10(Double(pixels) * sum)
      #expect(abs(logNumberOfTests(pixels: pixels) - expected) < 1e-11 * Double(pixels) + 1e-12)
    }
    let both = log10(pow(10, logNumberOfTests(pixels: 10)) + pow(10, logNumberOfTests(pixels: 12)))
    #expect(abs(logNumberOfTests(scales: [10, 12]) - both) < 1e-12)
    #expect(logNumberOfTests(pixels: 10_000_000).isFinite)
  }

  @Test
  func blockTailsAgreeWithTheBinomialLaw() {
    let law = WindowLaw(trials: 9)
    let tails = law.logTailSums(of: [0, 1, 8, 9], channels: 1)
    #expect(abs(tails[0] - log10(1 - pow(0.9, 9))) < 1e-12)
    #expect(abs(tails[2] - -9) < 1e-12)
    #expect(tails[3] == tails[2])
    // The integral by the rectangle rule.
    let step = 1e-4
    let expected = stride(from: 3.25 + step / 2, to: 9, by: step).reduce(0) {
      $0 + step * exp(law.logDensity($1))
    }
    #expect(abs(law.logTailIntegrals(of: [13, 36], channels: 4)[0] - log10(expected)) < 1e-6)
    #expect(law.logTailIntegrals(of: [13, 36], channels: 4)[1].isFinite)
  }

  @Test
  func windowsAreReflectedInTheBorderPixels() {
    #expect(windowSums([1, 2, 4], height: 1, width: 3, radius: 1) == [5, 7, 8].map { 3 * $0 })
    #expect(windowSums([1, 2, 4, 8], height: 4, width: 1, radius: 2) == [13, 17, 19, 20].map { 5 * $0 })
    #expect(windowSums([1, 2], height: 1, width: 2, radius: 2) == [7, 8].map { 5 * $0 })
  }

  @Test
  func aWindowFullOfExceedancesStaysFinite() throws {
    let scale = try ScaleExceedances(
      latents: [Float](repeating: 9, count: 16), channels: 1, height: 4, width: 4)
    for precision in [BlockTest.Precision.sum, .integral] {
      let test = try BlockTest(scales: [scale], height: 5, width: 7, precision: precision)
      #expect(test.logNFA.allSatisfy { $0.isFinite && $0 < -20 })
    }
  }

  @Test
  func resamplingKeepsConstantsAndCorners() {
    let constant = Resampling.bicubicAlignedCorners(to: (7, 5), from: (3, 4))
      .apply(to: [Float](repeating: 2, count: 12))
    #expect(constant.allSatisfy { abs($0 - 2) < 1e-5 })
    let corners = Resampling.bicubicAlignedCorners(to: (5, 5), from: (2, 2)).apply(to: [1, 2, 3, 4])
    #expect([corners[0], corners[4], corners[20], corners[24]] == [1, 2, 3, 4])
    #expect(Resampling.bilinear(to: (1, 4), from: (1, 2)).apply(to: [0, 1]) == [0, 0.25, 0.75, 1])
  }
}
