import BlemishImaging
import BlemishSupport
import Testing

@testable import BlemishSynthesis

/// The same seed must give the same bytes for ever, because published figures rest on these pictures.
@Suite struct UnchangedNumbersTests {
  private static func digest(_ picture: Picture) -> String {
    guard case .eightBit(let values) = picture.samples else { return "not eight bits" }
    return hexadecimal(SHA256.hash(values).prefix(8))
  }

  private static func digest(_ values: [Float]) -> String {
    let bytes = values.flatMap { value in
      withUnsafeBytes(of: value.bitPattern.littleEndian) { [UInt8]($0) }
    }
    return hexadecimal(SHA256.hash(bytes).prefix(8))
  }

  /// For every material a good part, then each defect with the number of pixels that its mask marks.
  private static let parts: [PartMaterial: [String]] = [
    .metalDisc: ["6026ceae0df03fa2", "7a916355bcf6c730 18", "157e90e25b8b1203 20", "97c86142637d82c3 14"],
    .cloth: [
      "c17fea5fdf64fc87", "812fdc0f739a6716 25", "17218b2ae32d6fbf 15", "b7f4dba76727ffbf 62",
      "a0037718d98e05ec 29",
    ],
    .circuitBoard: ["4c98e6bc75971f7e", "0d9854502f71d375 15", "2355b0a4044c7a78 3", "c541f59c8b420de4 21"],
    .wood: ["12f86facdcbb5915", "1b079325de4bd03a 8", "e6179075069a6dd7 21", "ab51bc563b67d651 51"],
    .mesh: ["384f564f1e245d69", "ce80e53b6a93878d 8", "3c75512292498d8f 22", "2044d00588778f71 4"],
    .tablet: ["dae1783a3ab5ec6a", "36f45c6c2db7799a 25", "cac1f16c9370c75b 31", "380e4ead23724361 9"],
    .threadedBolt: [
      "50732dfd5a9fbfb9", "d6f460ec6fb6e64d 12", "41899f3e924aeeb7 19", "0959716edaccd3dd 13",
      "6cd5978f5b1b0939 35",
    ],
  ]

  @Test(arguments: PartMaterial.allCases) func drawsThePartsAsEver(_ material: PartMaterial) {
    let good = material.draw(size: 48, name: "train/good/000", seed: 0).picture
    let defects = material.defects.map { defect -> String in
      let name = "test/\(defect.rawValue)/001"
      let (picture, mask) = material.draw(size: 48, defect: defect, name: name, seed: 5)
      return "\(Self.digest(picture)) \(mask.pixels.count { $0 })"
    }
    #expect([Self.digest(good)] + defects == Self.parts[material])
  }

  @Test func makesTheTrainingPicturesAsEver() {
    let generator = PictureGenerator(width: 40, height: 32, seed: 5)
    let pictures = (0..<24).flatMap { generator.picture($0).values }
    var random = SynthesisRandom(seed: 5, 2)
    let planted = SyntheticDefectKind.allCases.flatMap { kind -> [Float] in
      let picture = generator.picture(3)
      var labelled = LabelledPicture(
        picture: picture, mask: [Float](repeating: 0, count: picture.pixelCount))
      DefectPlanter().plant(kind, into: &labelled, donor: { generator.picture(4) }, &random)
      return labelled.picture.values + labelled.mask
    }
    #expect(Self.digest(pictures) == "592f14bc76734627")
    #expect(Self.digest(planted) == "7922f0d6fc1f943b")
  }

  @Test func drawsTheNumbersOfAStreamAsEver() {
    var seeded = RandomStream(seed: 7)
    var named = RandomStream(seed: 7, name: "epoch 3")
    var placed = SynthesisRandom(seed: 7, 1, 2)
    var part = SplitMix64(name: "metal_disc", seed: 3)
    #expect(seeded.next() == 7_191_089_600_892_374_487)
    #expect(named.next() == 18_305_092_149_850_314_832)
    #expect(placed.next() == 16_936_181_171_979_496_742)
    #expect(part.next() == 13_687_405_381_413_660_340)
    #expect(seeded.unit() == 0.01678829452815611)
    #expect(seeded.normal() == -1.8642558067312274)
    #expect(placed.normal() == 0.2860939)
    #expect(placed.logUniform(1, 9) == 5.3680906)
    #expect(placed.below(1000) == 607)
  }
}
