import Foundation
import StationTestSupport
import Testing

/// Python with packages that some tests need: BLEMISH_PYTHON.
enum Python {
  static let path = ProcessInfo.processInfo.environment["BLEMISH_PYTHON"]

  static func has(_ module: String) -> Bool {
    guard let path else { return false }
    return (try? run(path, ["-c", "import \(module)"]).status) == 0
  }

  /// Runs a program to its end.
  static func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    while process.isRunning { usleep(5_000) }
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }
}

@Suite struct TritonTests {
  @Test(.enabled(if: Python.has("tritonclient.http"), "BLEMISH_PYTHON has no tritonclient"))
  func tritonsClientWorksUnmodified() async throws {
    let station = try await RunningStation()
    let (clean, damaged) = (station.folder / "clean.png", station.folder / "damaged.png")
    try Data(Fixtures.clean()).write(to: URL(fileURLWithPath: clean))
    try Data(Fixtures.damaged()).write(to: URL(fileURLWithPath: damaged))
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/triton_client.py"
    let address = String(station.url.dropFirst("http://".count))
    let run = try Python.run(Python.path!, [script, address, "part", clean, damaged])
    #expect(run.status == 0 && run.output.hasSuffix("ok\n"), "\(run.output)")
    #expect(try await station.get("/api/inspections?source=infer").status == 200)
  }
}
