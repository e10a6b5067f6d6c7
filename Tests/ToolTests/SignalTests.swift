import BlemishFiles
import Foundation
import Testing

/// What happens when the system, a terminal or a supervisor ends the tool.
@Suite("A signal") struct SignalTests {
  let trained: TrainedModel
  let folder: TemporaryFolder

  init() throws {
    trained = try TrainedModel.shared.get()
    folder = try TemporaryFolder()
  }

  @Test(arguments: [SIGHUP, SIGTERM]) func leavesACheckpointThatIsGoneOnWith(_ number: Int32) throws {
    let arguments = ["train", trained.data, "--output", folder / "model"]
    let tool = try Tool(arguments + TrainedModel.small + ["--epochs", "12"])
    #expect(tool.waits { tool.errors.contains("epoch 2 ") }, "\(tool.errors)")
    tool.send(number)
    let run = try tool.wait()
    #expect(run.status == 130 && run.errors.contains("--resume"), "\(run.status) \(run.errors)")
    let whole = try Tool(
      ["train", trained.data, "--output", folder / "whole"] + TrainedModel.small + ["--epochs", "12"]
    ).wait()
    #expect(whole.status == 0, "\(whole.errors)")
    #expect(try Tool(arguments + ["--resume"]).wait().status == 0)
    let tensors = try ["model", "whole"].map { name in
      try SafeTensors.read(folder / name).tensors.mapValues { Data($0.bytes) }
    }
    #expect(tensors[0] == tensors[1])
  }

  @Test func ofAFileTooLargeIsAnError() throws {
    // The limit is in units of 1024 bytes.
    let run = try Tool(
      ["calibrate", trained.model, trained.data + "/train/good", "--output", folder / "model"],
      launcher: ["/bin/bash", "-c", "ulimit -f 8; exec \"$0\" \"$@\""]
    ).wait()
    #expect(
      run.status == 1 && run.errors.contains("limit on the size of files"), "\(run.status) \(run.errors)")
    #expect(folder.contents.isEmpty)
  }

  /// On a terminal, Swift's runtime would start another program that outlives the tool.
  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/script")))
  func ofACrashEndsItAtOnce() throws {
    let command =
      "'\(Tool.path)' train '\(trained.data)' --output '\(folder / "model")' --epochs 1000 "
      + TrainedModel.small.joined(separator: " ") + " & tool=$!; sleep 2; kill -SEGV $tool; wait $tool; "
      + "echo status $?; pgrep -f 'swift-backtrace.*' -P $tool; echo end"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/script")
    process.arguments = [
      "-qec", "bash -c \"\(command.replacingOccurrences(of: "$", with: "\\$"))\"", "/dev/null",
    ]
    var environment = ProcessInfo.processInfo.environment
    environment["SWIFT_BACKTRACE"] = nil
    process.environment = environment
    process.standardInput = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    let begin = ContinuousClock.now
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(output.contains("status 139") && output.contains("end"), "\(output)")
    #expect(!output.contains("Backtrace") && !output.contains("Press space"), "\(output)")
    #expect(ContinuousClock.now - begin < .seconds(20))
  }
}
