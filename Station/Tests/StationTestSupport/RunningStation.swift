import Blemish
import Foundation
import FoundationNetworking

/// A folder that goes with the last reference.
package final class TemporaryFolder: Sendable {
  package let path: String

  package init() throws {
    path = NSTemporaryDirectory() + "blemish-station-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  package static func / (folder: TemporaryFolder, name: String) -> String { folder.path + "/" + name }
}

/// Files that come with the repository: a small model, and pictures that it holds for good and not.
package enum Fixtures {
  private static let models = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appendingPathComponent("../../../Tests/BlemishCoreTests/Models").standardizedFileURL.path
  package static let model = models + "/format2-uflow-calibrated.blemish"
  package static let otherModel = models + "/format2-msflow-calibrated.blemish"

  /// A picture of a good part.
  package static func clean() throws -> [UInt8] { try bytes("clean.png") }

  /// A picture of a good part, a little different for every number.
  package static func clean(_ number: Int) throws -> [UInt8] {
    let picture = try Picture(decoding: clean(), name: "clean.png")
    guard case .eightBit(var samples) = picture.samples else { return [] }
    for index in samples.indices where (index &* 31 &+ number) % 7 == 0 {
      samples[index] &+= UInt8(number % 5)
    }
    return [UInt8](
      try Picture(
        width: picture.width, height: picture.height, channels: picture.channels, samples: .eightBit(samples)
      ).pngData())
  }

  /// A picture of a part that is not.
  package static func damaged() throws -> [UInt8] { try bytes("picture.png") }

  private static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: models + "/" + name)))
  }
}

/// What a server answered.
package struct Answer: Sendable {
  package var status: Int
  package var headers: [String: String]
  package var body: [UInt8]

  package var text: String { String(decoding: body, as: UTF8.self) }

  /// The body as a JSON object; empty where it is none.
  package var object: [String: Any] {
    (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
  }
}

/// The station that this build made, as a child process with a folder of its own.
package final class RunningStation: @unchecked Sendable {
  package let folder: TemporaryFolder
  package let url: String
  package let process: Process

  /// The program lies beside the one that runs the tests.
  package static let program: String = {
    let runner =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments[0]
    return (runner as NSString).deletingLastPathComponent + "/blemish-station"
  }()

  /// Did not begin to listen.
  package struct NotListening: Error {
    package var errors: String
  }

  /// A folder with a model `part`.
  package static func folderWithModel() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder / "models", withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: Fixtures.model, toPath: folder / "models/part.blemish")
    return folder
  }

  /// Starts a station and waits until it listens.
  package init(
    _ arguments: [String] = [], configuration: String? = nil, in folder: TemporaryFolder? = nil,
    environment: [String: String] = [:]
  ) async throws {
    let folder = try folder ?? Self.folderWithModel()
    self.folder = folder
    let process = Process()
    self.process = process
    process.executableURL = URL(fileURLWithPath: Self.program)
    var all = ["--models", folder / "models", "--data", folder / "data", "--port", "0"] + arguments
    if let configuration {
      try configuration.write(toFile: folder / "station.yaml", atomically: true, encoding: .utf8)
      all.insert(folder / "station.yaml", at: 0)
    }
    process.arguments = all
    process.environment = ProcessInfo.processInfo.environment
      .merging(["OMP_WAIT_POLICY": "PASSIVE"]) { $1 }.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    for name in ["output", "errors"] {
      _ = FileManager.default.createFile(atPath: folder / name, contents: nil)
    }
    process.standardOutput = FileHandle(forWritingAtPath: folder / "output")
    process.standardError = FileHandle(forWritingAtPath: folder / "errors")
    try process.run()
    let limit = ContinuousClock.now.advanced(by: .seconds(60))
    while true {
      let output = (try? String(contentsOfFile: folder / "output", encoding: .utf8)) ?? ""
      if let line = output.split(separator: "\n").first(where: { $0.hasPrefix("http") }),
        output.hasSuffix("\n")
      {
        url = String(line.dropLast())
        return
      }
      guard process.isRunning, ContinuousClock.now < limit else {
        if process.isRunning { process.terminate() }
        throw NotListening(errors: (try? String(contentsOfFile: folder / "errors", encoding: .utf8)) ?? "")
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  /// What the station has complained of.
  package var errors: String { (try? String(contentsOfFile: folder / "errors", encoding: .utf8)) ?? "" }

  /// Ends the station and waits for it.
  /// - Returns: its exit status.
  @discardableResult
  package func end(_ signal: Int32 = SIGTERM) async throws -> Int32 {
    kill(process.processIdentifier, signal)
    while process.isRunning { try await Task.sleep(for: .milliseconds(10)) }
    return process.terminationStatus
  }

  private static let session: URLSession = {
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = 60
    configuration.httpMaximumConnectionsPerHost = 64
    configuration.httpShouldSetCookies = false
    return URLSession(configuration: configuration)
  }()

  /// Asks the station.
  package func ask(
    _ method: String, _ path: String, body: [UInt8]? = nil, headers: [String: String] = [:]
  ) async throws -> Answer {
    var request = URLRequest(url: URL(string: url + path)!)
    request.httpMethod = method
    if let body { request.httpBody = Data(body) }
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    let (data, response) = try await Self.session.data(for: request)
    let http = response as! HTTPURLResponse
    let fields = http.allHeaderFields.map { ("\($0.key)".lowercased(), "\($0.value)") }
    return Answer(
      status: http.statusCode, headers: Dictionary(fields) { $1 }, body: [UInt8](data))
  }

  package func get(_ path: String, headers: [String: String] = [:]) async throws -> Answer {
    try await ask("GET", path, headers: headers)
  }

  /// Has a picture judged by the model `part`.
  package func inspect(_ picture: [UInt8], query: String = "", headers: [String: String] = [:]) async throws
    -> Answer
  {
    try await ask("POST", "/api/models/part/inspect" + query, body: picture, headers: headers)
  }
}
