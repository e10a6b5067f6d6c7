import BlemishImaging
import Foundation
import Testing

@testable import BlemishCore

@Suite("Pictures unlike the training pictures") struct PictureTraitsTests {
  /// Stripes around a grey level.
  private func picture(
    grey: Int = 120, amplitude: Int = 20, red: Int = 0, width: Int = 64, height: Int = 48
  ) -> Picture {
    let samples = (0..<width * height).flatMap { pixel -> [UInt8] in
      let value = grey + (pixel % 8 < 4 ? amplitude : -amplitude)
      return [value + red, value, value].map { UInt8(clamping: $0) }
    }
    return Picture(width: width, height: height, channels: 3, samples: .eightBit(samples))
  }

  private func traits(_ picture: Picture) -> PictureTraits {
    PictureTraits(picture, width: picture.width, height: picture.height)
  }

  private func unlikeness(_ picture: Picture) throws -> [Unlikeness] {
    let training = [110, 120, 130].map { traits(self.picture(grey: $0)) }
    return try #require(TrainingTraits(training)).unlikeness(of: traits(picture))
  }

  @Test func traitsAreThoseOfThePicture() {
    let traits = traits(picture(red: 10))
    #expect(abs(traits.brightness - (120 + 10.0 / 3) / 255) < 1e-6)
    #expect(abs(traits.contrast - 20.0 / 255) < 1e-6)
    #expect(abs(traits.redness - 10.0 / 255) < 1e-6 && abs(traits.blueness) < 1e-6)
    #expect(traits.shape == log(64.0 / 48) && traits.size == log(64.0 * 48))
  }

  @Test func aLampTenPerCentWeakerIsAlike() throws {
    #expect(try unlikeness(picture(grey: 108, amplitude: 18)).isEmpty)
    #expect(try unlikeness(picture(grey: 142, amplitude: 24)).isEmpty)
  }

  @Test func whatIsFarOutsideIsNamed() throws {
    #expect(try unlikeness(picture(grey: 20)) == [.brightness])
    #expect(try unlikeness(picture(amplitude: 2)) == [.contrast])
    #expect(try unlikeness(picture(grey: 105, red: 60)) == [.colors])
    #expect(try unlikeness(picture(width: 400, height: 20)) == [.shape])
    #expect(try unlikeness(picture(width: 640, height: 480)) == [.size])
    #expect(TrainingTraits([]) == nil)
  }

  @Test func verdictsHaveAnOrderAndLimits() throws {
    #expect(Verdict.allCases == Verdict.allCases.sorted())
    let point = OperatingPoint.production
    #expect([0, -0.2, -0.5, -2].map { point.verdict(logNFA: $0) } == [.good, .good, .review, .anomalous])
    #expect(OperatingPoint(falseAlarms: 1, review: 0.1).review == 1)
    let read = try JSONDecoder().decode(
      OperatingPoint.self, from: Data(#"{"false_alarms":0.1,"review":1}"#.utf8))
    #expect(read == OperatingPoint(falseAlarms: 0.1, review: 1))
    for text in [#"{"false_alarms":0,"review":1}"#, #"{"false_alarms":2,"review":1}"#] {
      #expect(throws: DecodingError.self) {
        try JSONDecoder().decode(OperatingPoint.self, from: Data(text.utf8))
      }
    }
  }
}
