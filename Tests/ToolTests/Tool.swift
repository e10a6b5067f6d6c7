import Foundation

/// What came of a run of the built tool.
struct ToolRun {
  /// The exit status; minus the signal's number where a signal ended the process.
  let status: Int32
  /// What it printed.
  let output: String
  /// What it complained of.
  let errors: String

  /// The lines that it printed.
  var lines: [String] { output.split(separator: "\n").map(String.init) }

  /// The JSON objects that it printed, one a line.
  func objects() throws -> [[String: Any]] { try lines.map(jsonObject) }
}

/// A text as a JSON object.
func jsonObject(_ text: String) throws -> [String: Any] {
  guard let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
    throw CocoaError(.propertyListReadCorrupt)
  }
  return object
}

/// The tool that this build made, as a child process.
final class Tool {
  /// Where the tool lies: beside the program that runs the tests.
  static let path: String = {
    let runner =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments[0]
    return (runner as NSString).deletingLastPathComponent + "/blemish"
  }()

  private let process = Process()
  private let folder: TemporaryFolder

  /// Starts the tool; with `launcher`, under another program such as `setpriv`.
  init(_ arguments: [String], launcher: [String] = []) throws {
    folder = try TemporaryFolder()
    let command = launcher + [Self.path] + arguments
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    // Threads that spin while they wait take the processor from the other tests. Weights that the user has fetched would
    // change what is usual.
    process.environment = ProcessInfo.processInfo.environment
      .merging(["OMP_WAIT_POLICY": "PASSIVE", "BLEMISH_HOME": folder / "home"]) { $1 }
    process.standardInput = FileHandle.nullDevice
    // Files and not pipes: a pipe that nobody reads would stop the tool.
    for name in ["output", "errors"] {
      _ = FileManager.default.createFile(atPath: folder / name, contents: nil)
    }
    process.standardOutput = FileHandle(forWritingAtPath: folder / "output")
    process.standardError = FileHandle(forWritingAtPath: folder / "errors")
    try process.run()
  }

  /// Runs the tool to its end.
  static func run(_ arguments: String..., launcher: [String] = []) throws -> ToolRun {
    try Tool(arguments, launcher: launcher).wait()
  }

  /// What it has complained of so far.
  var errors: String { (try? String(contentsOfFile: folder / "errors", encoding: .utf8)) ?? "" }

  /// Whether it still runs.
  var isRunning: Bool { process.isRunning }

  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Waits until a condition holds or the tool has ended.
  /// - Returns: whether the condition holds.
  func waits(for condition: () -> Bool) -> Bool {
    while !condition() {
      guard isRunning else { return condition() }
      usleep(2000)
    }
    return true
  }

  func wait() throws -> ToolRun {
    process.waitUntilExit()
    return ToolRun(
      status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
      output: try String(contentsOfFile: folder / "output", encoding: .utf8),
      errors: errors
    )
  }
}

/// A folder that goes when the last reference to it does.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/blemish-tool-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  static func / (folder: TemporaryFolder, name: String) -> String { "\(folder.path)/\(name)" }

  /// A folder in the folder.
  func folder(_ name: String) throws -> String {
    try FileManager.default.createDirectory(atPath: self / name, withIntermediateDirectories: true)
    return self / name
  }

  /// A file in the folder.
  func file(_ name: String, _ data: Data) throws -> String {
    try data.write(to: URL(fileURLWithPath: self / name))
    return self / name
  }

  /// Everything below the folder, hidden files too, sorted.
  var contents: [String] {
    FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String }.sorted() ?? []
  }
}
