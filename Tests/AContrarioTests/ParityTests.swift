import Foundation
import Testing

@testable import AContrario

@Suite("Parity with the published a contrario tests", .enabled(if: GoldenFile.available))
struct ParityTests {
  let atol = 0.02
  let rtol = 0.001

  func scales(_ file: GoldenFile) throws -> [[LatentScale]] {
    var pictures: [[LatentScale]] = []
    var number = 1
    while let z = file["z\(number)"] {
      let size = z.shape[1] * z.shape[2] * z.shape[3]
      for picture in 0..<z.shape[0] {
        let latents = z.values[picture * size..<(picture + 1) * size].map { Float($0) }
        if number == 1 { pictures.append([]) }
        pictures[picture].append(
          try LatentScale(latents: latents, channels: z.shape[1], height: z.shape[2], width: z.shape[3])
        )
      }
      number += 1
    }
    return pictures
  }

  func expectClose(
    _ actual: [Double],
    _ expected: ArraySlice<Double>,
    _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let magnitude = expected.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
    let worst = zip(actual, expected).reduce(0) { $1.0.isNaN || $1.1.isNaN ? $0 : max($0, abs($1.0 - $1.1)) }
    #expect(actual.count == expected.count, sourceLocation: sourceLocation)
    #expect(worst <= atol + rtol * magnitude, "\(what): off by \(worst)", sourceLocation: sourceLocation)
  }

  func slice(_ tensor: GoldenFile.Tensor, _ picture: Int) -> ArraySlice<Double> {
    let size = tensor.values.count / tensor.shape[0]
    return tensor.values[picture * size..<(picture + 1) * size]
  }

  @Test(arguments: GoldenFile.cases("nfa"))
  func treeTest(name: String) throws {
    let file = try GoldenFile(name)
    for (picture, scales) in try scales(file).enumerated() {
      let test = try NumberOfFalseAlarms(scales: scales, height: 256, width: 256)
      expectClose([test.logTests], try #require(file["log_tests"]).values[...], "\(name) tests")
      // The published code loses all but one of equally significant clusters; the others reach this far.
      var extra = [Bool](repeating: false, count: test.logNFA.count)
      for (index, regions) in test.scales.enumerated() {
        let map = regions.logProbabilityMap(outside: .nan).map { Double($0) }
        let expected = Array(slice(try #require(file["log_prob\(index + 1)"]), picture))
        expectClose(map, expected[...], "\(name) scale \(index + 1)")
        #expect(zip(map, expected).allSatisfy { !$0.isNaN || $1.isNaN }, "a published region is missing")
        let lost = zip(map, expected).map { !$0.isNaN && $1.isNaN }
        for (pixel, isLost) in lost.enumerated() where isLost {
          #expect(expected.contains { abs($0 - map[pixel]) < 1e-4 }, "\(name): no published region ties")
        }
        let reach = Resampling.bilinear(to: (256, 256), from: (regions.height, regions.width))
          .apply(to: lost.map { $0 ? 1 : 0 })
        for pixel in extra.indices where reach[pixel] > 0 { extra[pixel] = true }
      }
      let published = slice(try #require(file["score_tree"]), picture)
      let score = zip(test.logNFA, extra).map { $1 ? .nan : -Double($0) }
      expectClose(score, published, "\(name) score")
      #expect(zip(test.logNFA, published).allSatisfy { -Double($0) >= $1 - atol - rtol * abs($1) })
    }
  }

  @Test(arguments: GoldenFile.cases("nfa"))
  func blockTest(name: String) throws {
    let file = try GoldenFile(name)
    guard let score = file["score_block"] else { return }
    for (picture, scales) in try scales(file).enumerated() {
      let test = try BlockTest(scales: scales, height: 256, width: 256)
      expectClose(test.logNFA.map { -Double($0) }, slice(score, picture), "\(name) score")
      for (index, map) in test.logProbabilities.enumerated() {
        let expected = slice(try #require(file["log_prob_block\(index + 1)"]), picture)
        #expect(zip(map, expected).allSatisfy { abs($0 - $1) < 1e-9 }, "\(name) scale \(index + 1)")
      }
      if let score = file["score_block_high_precision"], picture < score.shape[0] {
        let test = try BlockTest(scales: scales, height: 256, width: 256, precision: .integral)
        expectClose(test.logNFA.map { -Double($0) }, slice(score, picture), "\(name) high precision")
      }
    }
  }

  @Test
  func numberOfTests() throws {
    let data = try Data(contentsOf: GoldenFile.folder.appending(path: "nfa/number_of_tests.json"))
    let expected = try JSONDecoder().decode([String: Double].self, from: data)
    for (pixels, logarithm) in expected {
      let actual = logNumberOfTests(pixels: try #require(Int(pixels)))
      #expect(abs(actual - logarithm) < 1e-6 * max(1, logarithm), "\(pixels) pixels: \(actual)")
    }
  }
}
