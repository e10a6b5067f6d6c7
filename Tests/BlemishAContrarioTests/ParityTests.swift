import BlemishFiles
import GoldenCases
import Testing

@testable import BlemishAContrario

@Suite("Parity with the published a contrario tests")
struct ParityTests {
  /// The latents of one scale of one picture.
  struct Latents {
    let values: [Float]
    let channels: Int
    let height: Int
    let width: Int
  }

  /// The latents of each picture of a case, finest scale first.
  func pictures(_ tensors: [String: StoredTensor]) throws -> [[Latents]] {
    var pictures: [[Latents]] = []
    var number = 1
    while let z = tensors["z\(number)"] {
      for picture in 0..<z.shape[0] {
        if number == 1 { pictures.append([]) }
        pictures[picture].append(
          Latents(
            values: slice(z, picture).map { Float($0) }, channels: z.shape[1], height: z.shape[2],
            width: z.shape[3]))
      }
      number += 1
    }
    return pictures
  }

  /// One picture's part of a tensor `[pictures, ...]`.
  func slice(_ tensor: StoredTensor, _ picture: Int) -> [Double] {
    let size = tensor.count / tensor.shape[0]
    return Array(tensor.doubles()[picture * size..<(picture + 1) * size])
  }

  func expectClose(
    _ actual: [Double],
    _ expected: [Double],
    _ golden: GoldenCase,
    _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    GoldenCases.expectClose(
      actual,
      expected,
      relativeTolerance: golden.relativeTolerance,
      absoluteTolerance: golden.absoluteTolerance,
      "\(golden.name) \(what)",
      sourceLocation: sourceLocation
    )
  }

  @Test(arguments: Golden.cases("nfa/"))
  func treeTest(golden: GoldenCase) throws {
    let tensors = try golden.tensors()
    for (picture, latents) in try pictures(tensors).enumerated() {
      let scales = try latents.map {
        try ScaleEnergies(latents: $0.values, channels: $0.channels, height: $0.height, width: $0.width)
      }
      let test = try PublishedTestResult(scales: scales, height: 256, width: 256)
      expectClose([test.logTests], try #require(tensors["log_tests"]).doubles(), golden, "log_tests")
      // The published code loses all but one of equally significant clusters; the others reach this far.
      var extra = [Bool](repeating: false, count: test.logNFA.count)
      for (index, regions) in test.scales.enumerated() {
        let map = regions.logProbabilityMap(background: .nan).map { Double($0) }
        let expected = slice(try #require(tensors["log_prob\(index + 1)"]), picture)
        let lost = zip(map, expected).map { !$0.isNaN && $1.isNaN }
        for (pixel, isLost) in lost.enumerated() where isLost {
          let ties = expected.contains { abs($0 - map[pixel]) < 1e-4 }
          #expect(ties, "\(golden.name): no published region ties")
        }
        let found = zip(map, lost).map { $1 ? .nan : $0 }
        expectClose(found, expected, golden, "scale \(index + 1)")
        let reach = Resampling.bilinear(to: (256, 256), from: (regions.height, regions.width))
          .apply(to: lost.map { $0 ? 1 : 0 })
        for pixel in extra.indices where reach[pixel] > 0 { extra[pixel] = true }
      }
      let published = slice(try #require(tensors["score_tree"]), picture)
      let score = test.logNFA.map { -Double($0) }
      let comparable = extra.indices.map { extra[$0] ? published[$0] : score[$0] }
      expectClose(comparable, published, golden, "score_tree")
      // A cluster more can only raise the score.
      let tolerance = { golden.absoluteTolerance + golden.relativeTolerance * abs($0) }
      #expect(zip(score, published).allSatisfy { $0 >= $1 - tolerance($1) })
    }
  }

  @Test(arguments: Golden.cases("nfa/").filter { $0.tensorNames.contains("score_block") })
  func blockTest(golden: GoldenCase) throws {
    let tensors = try golden.tensors()
    let score = try #require(tensors["score_block"])
    for (picture, latents) in try pictures(tensors).enumerated() {
      let scales = try latents.map {
        try ScaleExceedances(latents: $0.values, channels: $0.channels, height: $0.height, width: $0.width)
      }
      let test = try BlockTest(scales: scales, height: 256, width: 256)
      expectClose(test.logNFA.map { -Double($0) }, slice(score, picture), golden, "score_block")
      for (index, map) in test.logProbabilities.enumerated() {
        let expected = slice(try #require(tensors["log_prob_block\(index + 1)"]), picture)
        #expect(zip(map, expected).allSatisfy { abs($0 - $1) < 1e-9 }, "\(golden.name) scale \(index + 1)")
      }
      if let score = tensors["score_block_high_precision"], picture < score.shape[0] {
        let test = try BlockTest(scales: scales, height: 256, width: 256, precision: .integral)
        expectClose(test.logNFA.map { -Double($0) }, slice(score, picture), golden, "high precision")
      }
    }
  }

  @Test
  func numberOfTests() throws {
    for (pixels, value) in try Golden.json("nfa/number_of_tests.json").object {
      let expected = try value.number
      let actual = logNumberOfTests(pixels: try #require(Int(pixels)))
      #expect(abs(actual - expected) < 1e-6 * max(1, expected), "\(pixels) pixels: \(actual)")
    }
  }
}
