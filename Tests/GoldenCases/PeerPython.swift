import Foundation

/// A Python with the packages that results are compared with: `BLEMISH_PYTHON`, else python3. Tests that need a
/// package are left out where it is missing; `.ci/run` installs them all.
public enum PeerPython {
  private static let interpreter = ProcessInfo.processInfo.environment["BLEMISH_PYTHON"] ?? "python3"

  /// Whether the package can be imported.
  public static func has(_ package: String) -> Bool {
    (try? run("import importlib.util, sys; sys.exit(importlib.util.find_spec('\(package)') is None)")) != nil
  }

  /// What a script prints.
  /// - Parameters:
  ///   - script: Python's source.
  ///   - arguments: what the script finds in `sys.argv[1:]`.
  /// - Throws: ``Failure`` with the script's complaints when its exit status is not 0.
  public static func run(_ script: String, _ arguments: [String] = []) throws -> String {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("python-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (output, complaints) = (folder.appendingPathComponent("out"), folder.appendingPathComponent("err"))
    for file in [output, complaints] { _ = FileManager.default.createFile(atPath: file.path, contents: nil) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [interpreter, "-c", script] + arguments
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: complaints)
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(description: try String(contentsOf: complaints, encoding: .utf8))
    }
    return try String(contentsOf: output, encoding: .utf8)
  }

  /// What a script complained of.
  public struct Failure: Error, CustomStringConvertible {
    /// The complaint.
    public let description: String
  }
}
