import Foundation
import StationTestSupport
import Testing

@Suite struct SchemaTests {
  private static let program = Python.path.map {
    ($0 as NSString).deletingLastPathComponent + "/schemathesis"
  }
  private static let isInstalled = program.map { access($0, X_OK) == 0 } ?? false

  /// Every route is asked what its description allows, and what it does not.
  @Test(.enabled(if: SchemaTests.isInstalled, "BLEMISH_PYTHON has no schemathesis"))
  func theDescriptionIsTrue() async throws {
    let folder = try RunningStation.folderWithModel()
    let made = try Python.run(
      RunningStation.program, ["token", "add", "tester", "--role", "engineer", "--data", folder / "data"])
    let token = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
    let station = try await RunningStation(configuration: "tokens: true\n", in: folder)
    let bearer = ["Authorization": "Bearer \(token)"]
    let judged = try await station.inspect(Fixtures.damaged(), headers: bearer)
    #expect(judged.status == 200)
    let examples = ProcessInfo.processInfo.environment["BLEMISH_SCHEMA_EXAMPLES"] ?? "15"
    let url = station.url
    let run = try await Task.detached {
      try Python.run(
        Self.program!,
        [
          "--config-file",
          URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/schemathesis.toml",
          "run", url + "/openapi.json", "--header", "Authorization: Bearer \(token)", "--max-examples",
          examples,
          "--phases", "examples,coverage,fuzzing", "--generation-database", "none", "--no-color",
          "--request-timeout", "60",
        ])
    }.value
    #expect(run.status == 0, "\(run.output.suffix(6_000))")
    #expect(try await station.get("/health/live").status == 200)
  }
}
