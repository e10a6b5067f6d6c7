import BlemishBackbones
import BlemishDatasets
import BlemishTorch
import CSecondDevice
import Foundation
import TestSupport
import Testing

@testable import BlemishCore
@testable import BlemishDetectors
@testable import BlemishTraining

/// Everything that computes can be told where. No GPU is at hand where tests run; a device that libtorch takes for
/// another, and that refuses what is not there, shows that nothing stays behind on the processor.
@Suite(.serialized) struct SecondDeviceTests {
  /// Runs the body, in which operators must run on the second device.
  private func there<Result>(_ body: () throws -> Result) rethrows -> Result {
    let before = second_device_operators()
    let result = try body()
    let ran = second_device_operators() - before
    #expect(ran > 0)
    return result
  }

  @Test func refusesWhatLiesElsewhere() throws {
    let here = Tensor([1, 2], shape: [2])
    let there = here.to(device: try Device("second"))
    let sum = there + there
    #expect(sum.floats == [2, 4])
    #expect(throws: TorchError.self) { try withTorchErrors { there + here } }
  }

  @Test func pretrainsThereAsHere() throws {
    func losses(_ device: Device) throws -> [Double] {
      try withFolder { folder in
        var losses: [Double] = []
        let session = try PretrainingSession(
          PretrainingTests.small, output: folder + "/weights", device: device)
        _ = try session.run(report: { losses.append($0.progress.loss) })
        return losses
      }
    }
    let (here, there) = (try losses(.cpu), try there { try losses(Device("second")) })
    #expect(here.count == 6 && there.count == 6)
    for (there, here) in zip(there, here) { #expect(abs(there - here) < 0.01 * here) }
  }

  @Test(arguments: zip(["uflow", "msflow"], [Precision.float32, .bfloat16]))
  func trainsAndJudgesThereAsHere(detector: String, precision: Precision) throws {
    let pictures = try TabletPictures()
    var options = TabletPictures.options()
    (options.detector, options.backbone) = (detector, "embedded")
    (options.device, options.precision) = (try Device("second"), precision)
    options.schedule?.epochs = 1
    options.tuning.minutes = nil
    options.tuning.schedule.steps = 2
    (options.tuning.pixels, options.tuning.longestSide) = (4 * 32 * 32, 32)
    let outcome = try there { try pictures.session("model", options).run() }
    #expect(outcome == .finished)

    func inspections(_ device: Device) throws -> [Inspection] {
      var reading = ModelReading()
      (reading.precision, reading.device) = (precision, device)
      let model = try Model(contentsOf: pictures.folder + "/model", reading)
      let paths = try Dataset.read(pictures.data).test.map(\.path)
      return try model.inspect(paths.map { try model.configuration.preprocessor(contentsOf: $0) })
    }
    let (here, there) = (try inspections(.cpu), try there { try inspections(options.device) })
    let tolerance = precision == .float32 ? 1e-4 : 2e-2
    #expect(there.count == here.count && !here.isEmpty)
    for (there, here) in zip(there, here) {
      #expect(abs(there.score - here.score) < tolerance * here.score)
      #expect(abs(there.logNFA - here.logNFA) < 10 * tolerance)
    }
  }
}
