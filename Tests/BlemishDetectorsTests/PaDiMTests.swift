import BlemishFiles
import BlemishSupport
import Foundation
import Testing

@testable import BlemishCore
@testable import BlemishDetectors
@testable import BlemishTorch

@Suite struct PaDiMTests {
  /// Two channels at one place, by hand: points (0, 0), (2, 0), (0, 2), (2, 2) have the mean (1, 1), variances 4 / 3 and no
  /// covariance.
  @Test func distancesAreMahalanobisDistances() throws {
    let pictures = HeldFeatures(maps: Tensor([0, 0, 2, 0, 0, 2, 2, 2] as [Float], shape: [4, 2, 1, 1]))
    let configuration = PaDiM.Configuration(channels: 2)
    let model = try PaDiM(
      Parameters(try pictures.fit(PaDiM.self, configuration)).root, features: pictures.description,
      configuration: configuration)
    let response = model.response(to: [Tensor([1, 1, 4, 5] as [Float], shape: [2, 2, 1, 1])]).scales[0].floats
    let variance = 4.0 / 3 + 0.01
    #expect(abs(response[0]) < 1e-6)
    #expect(abs(Double(response[1]) - ((9 + 16) / variance / 2).squareRoot()) < 1e-5)
  }

  @Test(arguments: [true, false]) func agreesWithTheDirectFormula(_ perPlace: Bool) throws {
    let (count, channels, side) = (9, 4, 3)
    let pictures = HeldFeatures(pictures: count, channels: channels, side: side, seed: 2)
    let configuration = PaDiM.Configuration(channels: channels, perPlace: perPlace)
    let model = try PaDiM(
      Parameters(try pictures.fit(PaDiM.self, configuration)).root, features: pictures.description,
      configuration: configuration)
    let judged = HeldFeatures(pictures: 2, channels: channels, side: side, seed: 8)
    let response = model.response(to: try judged.batch([0, 1])).scales[0].floats
    let (values, tested) = (pictures.maps.floats.map(Double.init), judged.maps.floats.map(Double.init))
    let places = side * side
    func vector(_ values: [Double], _ picture: Int, _ place: Int) -> [Double] {
      (0..<channels).map { values[(picture * channels + $0) * places + place] }
    }
    for picture in 0..<2 {
      for place in 0..<places {
        var samples: [[Double]] = []
        for other in 0..<count {
          for there in perPlace ? place..<place + 1 : 0..<places {
            samples.append(vector(values, other, there))
          }
        }
        let expected = Self.mahalanobis(vector(tested, picture, place), samples) / Double(channels)
        #expect(
          abs(Double(response[picture * places + place]) - expected.squareRoot()) < 1e-4 * (1 + expected))
      }
    }
  }

  /// The squared distance, by Gauss's elimination.
  private static func mahalanobis(_ x: [Double], _ samples: [[Double]]) -> Double {
    let (d, n) = (x.count, Double(samples.count))
    let mean: [Double] = (0..<d).map { k in samples.reduce(0.0) { $0 + $1[k] } / n }
    var rows: [[Double]] = []
    for i in 0..<d {
      var row: [Double] = []
      for j in 0..<d {
        var sum = 0.0
        for sample in samples { sum += (sample[i] - mean[i]) * (sample[j] - mean[j]) }
        row.append(sum / (n - 1) + (i == j ? 0.01 : 0))
      }
      rows.append(row + [x[i] - mean[i]])
    }
    for pivot in 0..<d {
      for row in 0..<d where row != pivot {
        let factor = rows[row][pivot] / rows[pivot][pivot]
        for column in pivot...d { rows[row][column] -= factor * rows[pivot][column] }
      }
    }
    var distance = 0.0
    for k in 0..<d { distance += (x[k] - mean[k]) * rows[k][d] / rows[k][k] }
    return distance
  }

  @Test func channelsAreChosenOfAllScales() {
    let shapes = [3, 2, 4].map { FeatureShape(channels: $0, height: 1, width: 1) }
    #expect(PaDiM.chosen([8, 0, 3, 5, 1, 2, 4, 6, 7], 4, of: shapes) == [[0], [0], [0, 3]])
  }

  @Test func publishedNumbersOfChannels() {
    func channels(_ widths: [Int], side: Int, tiled: Bool = false) -> PaDiM.Configuration {
      PaDiM.standard(
        for: FeatureDescription(
          shapes: widths.enumerated().map {
            FeatureShape(channels: $1, height: side >> $0, width: side >> $0)
          },
          strides: [4, 8, 16], areOfTiles: tiled))
    }
    #expect(channels([64, 128, 256], side: 64) == PaDiM.Configuration(channels: 100))
    #expect(
      channels([256, 512, 1024], side: 64, tiled: true) == PaDiM.Configuration(channels: 550, perPlace: false)
    )
    // Gaussians of all places would take five gigabytes.
    #expect(channels([256, 512, 1024], side: 64) == PaDiM.Configuration(channels: 128))
  }

  @Test func unusableNumbersAreRefused() {
    let features = FeatureDescription(
      shapes: [FeatureShape(channels: 300, height: 64, width: 64)], strides: [4])
    var tiled = features
    tiled.areOfTiles = true
    #expect(throws: Never.self) { try PaDiM.Configuration(channels: 100).check(for: features) }
    #expect(throws: DetectorError.self) { try PaDiM.Configuration(channels: 100).check(for: tiled) }
    for configuration in [
      PaDiM.Configuration(channels: 0), .init(channels: 301), .init(channels: 200),
      .init(channels: 9, regularisation: 0),
      .init(channels: 9, blur: .nan),
    ] {
      #expect(throws: DetectorError.self) { try configuration.check(for: features) }
    }
  }

  @Test func picturesThatAreAllAlikeOrOnlyOneAreRefused() {
    for pictures in [
      HeldFeatures(maps: Tensor.full([4, 6, 8, 8], 0.3)), HeldFeatures(maps: Tensor.ones([1, 6, 8, 8])),
    ] {
      #expect(throws: DetectorError.self) { try pictures.fit(PaDiM.self, PaDiM.Configuration(channels: 6)) }
    }
  }

  @Test func equalSeedsGiveEqualBits() throws {
    let pictures = HeldFeatures(pictures: 8, channels: 6, side: 4, seed: 5)
    let fits = try [0, 0, 1].map { try pictures.fit(PaDiM.self, PaDiM.Configuration(channels: 3), seed: $0) }
    #expect(fits[0]["whitenings"]?.bytes == fits[1]["whitenings"]?.bytes)
    #expect(fits[0]["channels"]?.bytes != fits[2]["channels"]?.bytes)
  }

  @Test func aFitCanBeCancelled() async {
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try HeldFeatures(pictures: 4, channels: 3, side: 2, seed: 1)
        .fit(PaDiM.self, PaDiM.Configuration(channels: 3))
    }
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  /// A constant stays what it is, and a point keeps its sum, at a border, too.
  @Test func aBlurKeepsSums() {
    #expect(Tensor.ones([1, 1, 5, 70]).gaussianBlur(sigma: 4).floats.allSatisfy { abs($0 - 1) < 1e-5 })
    let point = Tensor.zeros([1, 1, 50, 60])
    _ = point.narrow(2, from: 1, length: 1).narrow(3, from: 30, length: 1).add_(1)
    let blurred = point.gaussianBlur(sigma: 4)
    #expect(abs(blurred.sum().item - 1) < 1e-4)
    let floats = blurred.floats
    #expect(abs(Double(floats[60 + 34] / floats[60 + 30]) - exp(-0.5)) < 1e-3)
  }
}
