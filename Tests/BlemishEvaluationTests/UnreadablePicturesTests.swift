import BlemishCore
import BlemishDatasets
import BlemishDetectors
import BlemishEvaluation
import BlemishTraining
import Foundation
import TestSupport
import Testing

@Suite struct UnreadablePicturesTests {
  private struct NoPicture: Error {}

  /// Puts something that is no picture into a file.
  private func damage(_ sample: Sample) throws {
    try Data("no picture".utf8).write(to: URL(fileURLWithPath: sample.path))
  }

  private func train(
    _ dataset: Dataset, _ data: TinyData, to output: String, size: RequestedSize? = nil
  ) throws -> (model: Model, notes: [String]) {
    var notes: [String] = []
    var options = data.options
    if let size { options.size = size }
    let session = try TrainingSession(dataset, at: data.path, output: output, options: options) {
      if case .note(let note) = $0 { notes.append(note) }
    }
    #expect(try session.run() == .finished)
    return (try Model(contentsOf: output), notes)
  }

  @Test func oneInAHundredIsLeftOut() throws {
    for (count, most) in [(0, 0), (1, 0), (2, 1), (60, 1), (199, 1), (200, 2), (1000, 10)] {
      var unreadable = UnreadablePictures(of: count)
      for place in 0..<most { try unreadable.add("\(place).png", NoPicture()) }
      #expect(throws: UnreadablePictures.self) { try unreadable.add("last.png", NoPicture()) }
      #expect(unreadable.pictures.map(\.path) == (0..<most).map { "\($0).png" } + ["last.png"])
      for picture in unreadable.pictures.dropLast() {
        #expect("\(unreadable)".contains(picture.path))
      }
    }
    var unreadable = UnreadablePictures(of: 1000)
    #expect(throws: CancellationError.self) { try unreadable.add("0.png", CancellationError()) }
    #expect(unreadable.pictures.isEmpty)
  }

  @Test(arguments: [true, false]) func trainingGoesOnWithoutOne(heldOut: Bool) throws {
    try withFolder { folder in
      var data = try TinyData(folder: folder)
      // Three of the eight: of two, one would be too few to calibrate on.
      data.options.heldOut = 0.4
      let dataset = try Dataset.read(data.path)
      let split = dataset.holdOut(fraction: data.options.heldOut, seed: data.options.seed)
      let damaged = heldOut ? split.heldOut[0] : split.train[2]
      try damage(damaged)
      for (place, size) in [RequestedSize.side(64), .own].enumerated() {
        let (model, notes) = try train(dataset, data, to: folder + "/model-\(place)", size: size)
        #expect(notes.count { $0.contains("left out") && $0.contains(damaged.path) } == 1, "\(notes)")
        let record = try #require(model.configuration.trainingRecord)
        #expect(record.trainingPictures == split.train.count - (heldOut ? 0 : 1))
        #expect(record.heldOutPictures == split.heldOut.count - (heldOut ? 1 : 0))
        #expect(record.wasOf(dataset))
        let good = try model.inspect(contentsOf: split.train[0].path)
        #expect(good.score.isFinite)
      }
    }
  }

  @Test func trainingOnManyIsAnError() throws {
    try withFolder { folder in
      let data = try TinyData(folder: folder)
      let dataset = try Dataset.read(data.path)
      let damaged = dataset.train.prefix(2)
      for sample in damaged { try damage(sample) }
      let error = #expect(throws: UnreadablePictures.self) {
        try train(dataset, data, to: folder + "/model", size: .exact(height: 64, width: 64))
      }
      #expect(error?.count == dataset.train.count)
      #expect(Set(error?.pictures.map(\.path) ?? []) == Set(damaged.map(\.path)))
    }
  }

  @Test func evaluationGoesOnWithoutOne() throws {
    try withFolder { folder in
      let data = try TinyData(folder: folder)
      let dataset = try Dataset.read(data.path)
      let (model, _) = try train(dataset, data, to: folder + "/model")
      let index = try #require(dataset.test.firstIndex { !$0.isAnomalous })
      var readable = dataset.test
      readable.remove(at: index)
      let expected = try model.evaluate(readable, batch: 1)
      let threshold = try model.fairThreshold(on: Array(dataset.train.dropFirst()), batch: 1)
      try damage(dataset.test[index])
      let evaluation = try model.evaluate(dataset.test, batch: 1)
      #expect(evaluation.pictures.map(\.sample.path) == readable.map(\.path))
      #expect(evaluation.pictures.map(\.score) == expected.pictures.map(\.score))
      #expect(evaluation.overall.measured == expected.overall.measured)
      #expect(
        evaluation.warnings.contains { $0.contains("left out") && $0.contains(dataset.test[index].path) },
        "\(evaluation.warnings)")

      try damage(dataset.train[0])
      #expect(try model.fairThreshold(on: dataset.train, batch: 1) == threshold)

      // A mask that cannot be read says nothing of its picture.
      var masked = readable
      let defect = try #require(masked.firstIndex { $0.isAnomalous })
      masked[defect].groundTruth = .picture(dataset.test[index].path)
      let without = try model.evaluate(masked, batch: 1)
      #expect(without.pictures.count == masked.count - 1)
      #expect(without.warnings.contains { $0.contains("left out") }, "\(without.warnings)")

      try damage(dataset.test[(index + 1) % dataset.test.count])
      #expect(throws: UnreadablePictures.self) { try model.evaluate(dataset.test, batch: 1) }
    }
  }
}
