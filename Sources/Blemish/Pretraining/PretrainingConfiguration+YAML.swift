import Foundation
import Yams

extension PretrainingConfiguration {
  /// Reads a YAML file that has every number and nothing else.
  /// - Throws: ``ConfigurationError`` that names the file and the entry.
  public init(contentsOf path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ConfigurationError("\(path): cannot be read")
    }
    do {
      self = try Self(yaml: data)
    } catch let error as ConfigurationError {
      throw ConfigurationError("\(path): \(error)")
    }
  }

  init(yaml data: Data) throws {
    guard let node = try SafeYAML.node(data) else { throw ConfigurationError("is empty") }
    let expected = try Yams.compose(yaml: YAMLEncoder().encode(Self.standard))
    if let expected { try Self.checkKeys(node, expected, at: []) }
    do {
      self = try YAMLDecoder().decode(Self.self, from: node)
    } catch let error as DecodingError {
      throw ConfigurationError(error.summary)
    }
    try check()
  }

  /// Checks that a file has the keys of the standard configuration and no others.
  private static func checkKeys(_ node: Node, _ expected: Node, at path: [String]) throws {
    guard let wanted = expected.mapping else { return }
    let place = path.isEmpty ? "the file" : path.joined(separator: ".")
    let names = wanted.keys.compactMap(\.string)
    guard let found = node.mapping else {
      throw ConfigurationError("\(place) must have the entries \(names.joined(separator: ", "))")
    }
    let foundNames = found.keys.map { $0.string ?? "?" }
    if let unknown = foundNames.first(where: { !names.contains($0) }) {
      throw ConfigurationError(
        "\((path + [unknown]).joined(separator: ".")) is unknown; \(place) has \(names.joined(separator: ", "))"
      )
    }
    if let missing = names.first(where: { !foundNames.contains($0) }) {
      throw ConfigurationError("\((path + [missing]).joined(separator: ".")) is missing")
    }
    for (key, value) in found {
      guard let name = key.string, let part = wanted[.init(name)] else { continue }
      try checkKeys(value, part, at: path + [name])
    }
  }
}
