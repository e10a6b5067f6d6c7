import Foundation

/// Runs the tool as a user whom permissions bind, also where the tests are run by root.
enum Unprivileged {
  /// The program that starts others as nobody; empty for a user who is bound already.
  static let launcher =
    getuid() == 0 ? ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []

  /// Whether such a user can start the tool at all: it may lie in a folder that is root's own.
  static let canRunTool: Bool = {
    guard launcher.allSatisfy({ !$0.hasPrefix("/") || FileManager.default.isExecutableFile(atPath: $0) })
    else {
      return false
    }
    return (try? Tool.run("--version", launcher: launcher).status) == 0
  }()

  /// A folder that everybody may write in.
  static func folder(_ parent: TemporaryFolder, _ name: String) throws -> String {
    let path = try parent.folder(name)
    try show(parent.path)
    try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: path)
    return path
  }

  /// Lets everybody read a folder.
  static func show(_ path: String) throws {
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
  }
}
