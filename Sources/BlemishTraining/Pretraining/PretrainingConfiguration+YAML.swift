import BlemishCore
import BlemishSupport
import Foundation
import Yams

extension PretrainingConfiguration {
  /// Reads a YAML file that has every number and nothing else.
  /// - Throws: ``PretrainingError`` or `FileSystemError`, that names the file and the entry.
  public init(contentsOf path: String) throws {
    let data = try readRegularFile(path, limit: 1 << 20)
    do {
      self = try Self(yaml: data)
    } catch let error as PretrainingError {
      throw PretrainingError.within("\(printable(path)): ", error)
    }
  }

  package init(yaml data: Data) throws {
    let node: Node
    do {
      guard let found = try SafeYAML.node(data) else { throw PretrainingError.syntax("is empty") }
      node = found
    } catch let error as SettingsError {
      throw PretrainingError.syntax("\(error)")
    }
    let expected = try Yams.compose(yaml: YAMLEncoder().encode(Self.standard))
    if let expected { try Self.checkKeys(node, expected, at: []) }
    do {
      self = try YAMLDecoder().decode(Self.self, from: node)
    } catch let error as DecodingError {
      throw PretrainingError.syntax(error.summary)
    }
    try check()
  }

  /// Checks that a file has the keys of the standard configuration and no others.
  private static func checkKeys(_ node: Node, _ expected: Node, at path: [String]) throws {
    guard let wanted = expected.mapping else { return }
    let place = path.isEmpty ? "the file" : path.joined(separator: ".")
    let names: [String] = wanted.keys.compactMap(\.string)
    guard let found = node.mapping else {
      throw PretrainingError.entries(place: place, expected: names)
    }
    let foundNames = found.keys.map { $0.string ?? "?" }
    if let unknown = foundNames.first(where: { !names.contains($0) }) {
      throw PretrainingError.unknownEntry(
        (path + [unknown]).joined(separator: "."), place: place, known: names)
    }
    if let missing = names.first(where: { !foundNames.contains($0) }) {
      throw PretrainingError.missingEntry((path + [missing]).joined(separator: "."))
    }
    for (key, value) in found {
      guard let name = key.string, let part = wanted[.init(name)] else { continue }
      try checkKeys(value, part, at: path + [name])
    }
  }
}
