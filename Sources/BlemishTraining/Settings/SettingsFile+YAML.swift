import BlemishCore
import Foundation
import Yams

extension SettingsFile {
  /// A YAML file with sections of plain values.
  /// - Throws: ``SettingsError/file(path:_:)``.
  public init(yamlContentsOf path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw SettingsError.file(path: path, nil)
    }
    do {
      try self.init(yaml: data)
    } catch let error as SettingsError {
      throw SettingsError.file(path: path, error)
    }
  }

  package init(yaml data: Data) throws {
    guard let root = try SafeYAML.node(data)?.mapping else {
      throw SettingsError.syntax("has no sections, as published settings have")
    }
    var sections: [String: [String: String?]] = [:]
    for (key, value) in root {
      guard let name = key.scalar?.string, let section = value.mapping else { continue }
      sections[name] = [:]
      for (key, value) in section {
        guard let key = key.scalar?.string else { continue }
        sections[name]?[key] = .some(value.scalar?.string)
      }
    }
    self.init(sections: sections)
  }
}

extension DetectorCatalogue {
  /// The settings that a user names for a detector: published ones, or a file in the layout of the published code.
  /// - Throws: ``SettingsError``.
  public func settings(_ name: String, of detector: String) throws -> PublishedSettings {
    let type = try named(detector)
    guard let type = type as? any PublishesSettings.Type else { throw SettingsError.none(detector: detector) }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: name, isDirectory: &isFolder), !isFolder.boolValue else {
      guard let settings = type.settings(named: name) else {
        throw SettingsError.unknown(name: name, known: type.settingNames)
      }
      return settings
    }
    do {
      return try type.settings(in: SettingsFile(yamlContentsOf: name))
    } catch let error as SettingsError {
      if case .file = error { throw error }
      throw SettingsError.file(path: name, error)
    }
  }
}
