import BlemishDetectors
import BlemishImaging
import Foundation
import TestSupport
import Testing

@testable import BlemishCore
@testable import BlemishTraining

@Suite struct RegionOfInterestTests {
  /// The left half.
  private static let left = Mask(width: 8, height: 4, pixels: (0..<32).map { $0 % 8 < 4 })

  private func trained(_ region: RegionOfInterest) throws -> (model: Model, picture: Picture) {
    let pictures = try TabletPictures(count: 10)
    var options = TabletPictures.options()
    options.detector = "patchcore"
    options.regionOfInterest = region
    let session = try pictures.session("model", options)
    #expect(try session.run() == .finished)
    let read = try Model(contentsOf: pictures.folder + "/model", ModelReading(detectors: .standard))
    #expect(read.configuration.regionOfInterest == region)
    return (read, try Picture(contentsOf: pictures.data + "/test/good/000.png"))
  }

  /// The picture with a bright square in the middle of its left or right half.
  private func marked(_ picture: Picture, left: Bool) -> Picture {
    var values = picture.eightBitSamples
    let first = picture.width / 8 + (left ? 0 : picture.width / 2)
    for y in (picture.height / 3)..<(picture.height / 2) {
      for x in first..<(first + picture.width / 6) {
        for channel in 0..<picture.channels {
          values[(y * picture.width + x) * picture.channels + channel] = 255
        }
      }
    }
    return Picture(
      width: picture.width, height: picture.height, channels: picture.channels, samples: .eightBit(values))
  }

  @Test func whatIsOutsideChangesNothing() throws {
    let (model, picture) = try trained(try RegionOfInterest(Self.left))
    func inspected(_ picture: Picture) throws -> Inspection {
      try model.inspect([model.configuration.preprocessor(picture, from: "picture")])[0]
    }
    let good = try inspected(picture)
    let outside = try inspected(marked(picture, left: false))
    #expect(outside.logNFA == good.logNFA && outside.score == good.score)
    let isSame = outside.anomalyMap.values == good.anomalyMap.values
    #expect(isSame)
    let inside = try inspected(marked(picture, left: true))
    #expect(inside.logNFA < good.logNFA && inside.score > good.score)
  }

  @Test func aRegionIsWrittenAndRead() throws {
    let region = try RegionOfInterest(Self.left)
    let data = try JSONEncoder().encode(region)
    #expect(try JSONDecoder().decode(RegionOfInterest.self, from: data) == region)
    let large = Mask(width: 2000, height: 1000, pixels: (0..<2_000_000).map { $0 % 2000 >= 1000 })
    let reduced = try RegionOfInterest(large).mask
    #expect(reduced.width == 512 && reduced.height == 256)
    #expect(reduced.pixels.count { $0 } == 512 * 256 / 2)
  }

  @Test(arguments: [
    #"{"width":8,"height":4,"runs":[0,33]}"#, #"{"width":8,"height":4,"runs":[-1,33]}"#,
    #"{"width":8,"height":4,"runs":[0,31]}"#, #"{"width":100000,"height":100000,"runs":[0]}"#,
    #"{"width":0,"height":4,"runs":[]}"#, #"{"width":8,"height":4,"runs":[9223372036854775807,1]}"#,
  ])
  func whatCannotBeARegionIsDamaged(_ text: String) {
    #expect(throws: RegionOfInterestError.damaged) {
      try JSONDecoder().decode(RegionOfInterest.self, from: Data(text.utf8))
    }
  }

  @Test func aBlackMaskIsEmpty() {
    #expect(throws: RegionOfInterestError.empty) {
      try RegionOfInterest(Mask(width: 2, height: 2, pixels: [false, false, false, false]))
    }
  }
}
