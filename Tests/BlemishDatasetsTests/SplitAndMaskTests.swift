import BlemishFiles
import BlemishSupport
import BlemishSynthesis
import Foundation
import Testing

@testable import BlemishDatasets

@Suite struct SplitAndMaskTests {
  func dataset(_ count: Int) -> Dataset {
    Dataset(
      name: "parts",
      format: .folder,
      samples: (0..<count).map { Sample(path: "/data/\($0).png", name: "\($0).png", split: .train) }
    )
  }

  @Test func holdsOutTheSamePicturesForASeed() {
    let parts = dataset(20)
    let (train, heldOut) = parts.holdOut(fraction: 0.2, seed: 1)
    #expect(heldOut.count == 4 && train.count == 16)
    #expect(Set(train + heldOut) == Set(parts.train))
    #expect(parts.holdOut(fraction: 0.2, seed: 1).heldOut == heldOut)
    #expect(parts.holdOut(fraction: 0.2, seed: 2).heldOut != heldOut)
  }

  @Test(arguments: [(20, 1), (60, 1), (200, 2), (1000, 4)])
  func whatIsHeldOutAreRunsOfTheOrder(_ count: Int, _ runs: Int) {
    for seed in 0..<20 as Range<UInt64> {
      let numbers = dataset(count).holdOut(fraction: 0.2, seed: seed).heldOut.compactMap {
        Int($0.name.dropLast(4))
      }
      #expect(numbers.count == count / 5)
      let breaks = zip(numbers, numbers.dropFirst()).count { $1 != $0 + 1 }
      // Two runs may touch.
      #expect(breaks < runs)
    }
  }

  @Test func keepsAtLeastOnePictureOnEachSide() {
    #expect(dataset(1).holdOut(fraction: 0.5, seed: 0).heldOut.isEmpty)
    #expect(dataset(2).holdOut(fraction: 0.01, seed: 0).heldOut.count == 1)
    #expect(dataset(5).holdOut(fraction: 1, seed: 0).train.count == 1)
    #expect(dataset(5).holdOut(fraction: 0, seed: 0).heldOut.isEmpty)
  }

  @Test func addingPicturesHardlyChangesTheOrder() {
    let few = seededOrder((0..<50).map { "\($0).png" }, seed: 7)
    let more = seededOrder((0..<60).map { "\($0).png" }, seed: 7)
    #expect(more.filter { few.contains($0) } == few)
    #expect(seededOrder(["a", "b", "c"].reversed(), seed: 7) == seededOrder(["a", "b", "c"], seed: 7))
  }

  @Test func ordersNamesAsEver() {
    let numbers = seededOrder((0..<12).map { "\($0).png" }, seed: 7)
    let expected = [1, 8, 3, 4, 7, 6, 11, 9, 0, 10, 2, 5].map { "\($0).png" }
    #expect(numbers == expected)
    #expect(seededOrder(["a/b", "c", "Ä"], seed: 1) == ["a/b", "Ä", "c"])
  }

  @Test func sortsNumbersByValue() {
    let sorted = ["10.png", "9.png", "b", "a2", "a010", "a10", "a"].sorted(by: naturallyPrecedes)
    #expect(sorted == ["9.png", "10.png", "a", "a2", "a010", "a10", "b"])
  }

  @Test func namesMaskAndPictureOfDifferentSizes() throws {
    let fixture = try Fixture()
    try fixture.picture("mask.png", [255], width: 5, height: 4)
    let sample = Sample(
      path: "part.png",
      name: "part.png",
      split: .test,
      defectType: "dent",
      groundTruth: .picture(fixture.file("mask.png"))
    )
    #expect(
      problem { _ = try sample.mask(width: 4, height: 3) }
        == .maskSize(
          path: fixture.file("mask.png"), width: 5, height: 4, picture: "part.png", pictureWidth: 4,
          pictureHeight: 3))
    #expect(try sample.mask(width: 5, height: 4)?.pixels.filter { $0 }.count == 1)
  }

  @Test func knowsEmptyFromUnknownMasks() throws {
    let good = Sample(path: "a.png", name: "a.png", split: .test)
    #expect(try good.mask(width: 2, height: 2)?.pixels == [false, false, false, false])
    let bad = Sample(path: "b.png", name: "b.png", split: .test, defectType: "dent")
    #expect(try bad.mask(width: 2, height: 2) == nil)
  }

  @Test func damagedNumpyFilesAreErrors() throws {
    let fixture = try Fixture()
    try fixture.numpy("mask.npy", shape: [2, 3, 4], (0..<24).map { UInt8($0 % 2) })
    let whole = try Data(contentsOf: URL(fileURLWithPath: fixture.file("mask.npy")))
    for length in 0..<whole.count {
      try fixture.write("cut.npy", whole.prefix(length))
      #expect(throws: DataFileError.self) { try NumpyFile(path: fixture.file("cut.npy")) }
    }
    var generator = SplitMix64(state: 5)
    for _ in 0..<2000 {
      var bytes = [UInt8](whole)
      for _ in 0..<3 {
        bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: generator.next())
      }
      try fixture.write("mutated.npy", Data(bytes))
      if let file = try? NumpyFile(path: fixture.file("mutated.npy")) {
        for frame in -1..<3 { _ = try? file.frame(frame) }
      }
    }
    try fixture.numpy("huge.npy", shape: [1 << 40, 1 << 40, 4], [])
    try fixture.numpy("objects.npy", shape: [1], [0], descr: "|O")
    #expect(throws: DataFileError.self) { try NumpyFile(path: fixture.file("huge.npy")) }
    #expect(throws: DataFileError.self) { try NumpyFile(path: fixture.file("objects.npy")) }
  }
}
