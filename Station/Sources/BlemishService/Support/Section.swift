import Foundation
import Yams

/// A part of a YAML file, read key by key: a key that nobody reads is an error, as it is a misspelt one.
final class Section {
  private let values: [String: Any]
  private let place: String
  private var used: Set<String> = []

  init(_ values: [String: Any], place: String = "") { (self.values, self.place) = (values, place) }

  /// Reads a file.
  /// - Throws: ``StationError/configuration(path:reason:)``.
  static func read<Result>(_ path: String, _ body: (Section) throws -> Result) throws -> Result {
    func refuse(_ reason: String) -> StationError { .configuration(path: path, reason: reason) }
    guard let data = FileManager.default.contents(atPath: path),
      let text = String(data: data, encoding: .utf8)
    else { throw refuse("cannot be read") }
    do {
      let loaded = try Yams.load(yaml: text)
      guard let values = loaded as? [String: Any] else {
        guard loaded == nil || loaded is NSNull else { throw Problem("must be keys and values") }
        return try body(Section([:]))
      }
      let section = Section(values)
      let result = try body(section)
      try section.finish()
      return result
    } catch let problem as Problem {
      throw refuse(problem.text)
    } catch let error as YamlError {
      throw refuse("\(error)")
    }
  }

  /// What is wrong with a value.
  struct Problem: Error {
    var text: String
    init(_ text: String) { self.text = text }
  }

  private func name(_ key: String) -> String { place.isEmpty ? key : "\(place).\(key)" }

  private func value<Value>(_ key: String, _ kind: String, _ convert: (Any) -> Value?) throws -> Value? {
    used.insert(key)
    guard let value = values[key], !(value is NSNull) else { return nil }
    guard let converted = convert(value) else { throw Problem("\(name(key)) must be \(kind)") }
    return converted
  }

  func string(_ key: String) throws -> String? { try value(key, "a text") { $0 as? String } }

  func flag(_ key: String) throws -> Bool? { try value(key, "true or false") { $0 as? Bool } }

  func number(_ key: String, atLeast least: Double = 0) throws -> Double? {
    try value(key, "a number of at least \(least)") { value in
      let number = value as? Double ?? (value as? Int).map(Double.init)
      return number.flatMap { $0.isFinite && $0 >= least ? $0 : nil }
    }
  }

  /// A number above zero.
  func positive(_ key: String) throws -> Double? {
    try value(key, "a number above 0") { value in
      let number = value as? Double ?? (value as? Int).map(Double.init)
      return number.flatMap { $0.isFinite && $0 > 0 ? $0 : nil }
    }
  }

  func whole(_ key: String, in range: ClosedRange<Int>) throws -> Int? {
    try value(key, "a whole number from \(range.lowerBound) to \(range.upperBound)") { value in
      (value as? Int).flatMap { range.contains($0) ? $0 : nil }
    }
  }

  func required(_ key: String) throws -> String {
    guard let text = try string(key), !text.isEmpty else { throw Problem("\(name(key)) is missing") }
    return text
  }

  func section(_ key: String) throws -> Section {
    Section(try value(key, "keys and values") { $0 as? [String: Any] } ?? [:], place: name(key))
  }

  /// The keys of a part whose keys are names.
  func sections(_ key: String) throws -> [(name: String, section: Section)] {
    let parts = try value(key, "names with keys and values") { $0 as? [String: [String: Any]] } ?? [:]
    return parts.sorted { $0.key < $1.key }.map {
      ($0.key, Section($0.value, place: "\(name(key)).\($0.key)"))
    }
  }

  /// - Throws: where a key was not read.
  func finish() throws {
    if let unknown = values.keys.sorted().first(where: { !used.contains($0) }) {
      throw Problem("\(name(unknown)) is not known")
    }
  }
}
