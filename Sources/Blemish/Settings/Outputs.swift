import Foundation

/// Makes a folder, and those that it lies in, where there is none.
/// - Parameter advice: what else the user can do where it cannot be made.
/// - Throws: ``ConfigurationError`` that names the folder.
public func makeFolder(_ path: String, advice: String = "") throws {
  do {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  } catch {
    let problem = "\(path): the folder cannot be made: \(error.localizedDescription)"
    throw ConfigurationError(advice.isEmpty ? problem : "\(problem). \(advice)")
  }
}

/// Checks that a file can be written before long work is done for it.
/// - Throws: ``ConfigurationError`` that says why not.
public func requireWritable(_ path: String) throws {
  let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
  var isFolder: ObjCBool = false
  guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
    throw ConfigurationError("\(path): the folder \(folder) does not exist; make it first")
  }
  guard !path.hasSuffix("/"),
    !FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) || !isFolder.boolValue
  else { throw ConfigurationError("\(path): is a folder; name the model's file") }
  // Permissions do not tell everything, of a read-only file system for instance.
  let trial = "\(folder)/.blemish-\(UInt64.random(in: 0 ... .max)).trial"
  let file = open(trial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
  guard file >= 0 else {
    throw ConfigurationError(
      "\(path): nothing can be written in \(folder): \(String(cString: strerror(errno)))")
  }
  close(file)
  unlink(trial)
}

/// Writes a text file whole or not at all.
/// - Throws: ``ConfigurationError`` that names the file.
func writeText(_ text: String, to path: String) throws {
  do {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
  } catch {
    throw ConfigurationError("\(path): cannot be written: \(error.localizedDescription)")
  }
}
