import BlemishBackbones
import BlemishSupport
import Foundation

/// The folder in which published backbone weights are kept for later trainings, a file for each.
///
/// It is `backbones` in the folder that `BLEMISH_HOME` names, else in `$XDG_DATA_HOME/blemish`, else in
/// `~/.local/share/blemish`.
public struct WeightCache: Sendable {
  /// The folder; it need not exist yet.
  public let folder: String
  let environment: [String: String]
  let components: [BackboneDescription.Component]
  var patience = DownloadPatience()

  /// The cache that an environment names, by default the process's.
  public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    self.init(environment: environment, components: BackboneCatalogue.standard.components)
  }

  init(environment: [String: String], components: [BackboneDescription.Component]) {
    let environment = environment.filter { !$0.value.isEmpty }
    self.environment = environment
    self.components = components
    // The XDG Base Directory Specification has relative paths ignored.
    let data = environment["XDG_DATA_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
    let home = environment["HOME"] ?? NSHomeDirectory()
    folder = (environment["BLEMISH_HOME"] ?? (data ?? home + "/.local/share") + "/blemish") + "/backbones"
  }

  /// The published weights, and where each lies that has been pulled or imported.
  public var rows: [CatalogueRow] {
    components.map { component in
      let backbone = BackboneCatalogue.standard.all.first {
        $0.components.contains { $0.name == component.name }
      }
      return CatalogueRow(
        name: component.name,
        backbone: backbone?.name ?? component.name,
        source: component.source,
        path: find(component)
      )
    }
  }

  /// The file of a component, or nil where it has been neither pulled nor imported. `scripts/setup` leaves a file as it is
  /// published.
  public func find(_ component: BackboneDescription.Component) -> String? {
    [path(of: component), "\(folder)/\(component.name).pth"].first {
      FileManager.default.fileExists(atPath: $0)
    }
  }

  func path(of component: BackboneDescription.Component) -> String {
    "\(folder)/\(component.name).safetensors"
  }

  /// The components that a name stands for: a component's own name, or a backbone's.
  func components(named name: String) throws -> [BackboneDescription.Component] {
    if let component = components.first(where: { $0.name == name }) { return [component] }
    guard let backbone = BackboneCatalogue.standard.all.first(where: { $0.name == name }) else {
      throw WeightsError.unknown(name: name, known: components.map(\.name))
    }
    guard !backbone.components.isEmpty else {
      throw WeightsError.notNeeded(backbone: name, areInProgram: backbone.builtIn != nil)
    }
    return backbone.components
  }

  func makeFolder() throws {
    try BlemishSupport.makeFolder(folder)
  }
}

/// Published weights of the catalogue.
public struct CatalogueRow: Sendable {
  /// The weights' name.
  public let name: String
  /// The backbone that is made of them.
  public let backbone: String
  /// Where they can be had.
  public let source: BackboneDescription.Component.Source
  /// Their file in the cache; nil where they have been neither pulled nor imported.
  public let path: String?
}

extension BackboneDescription {
  /// Those of the backbone's weights that have been pulled or imported.
  /// - Throws: an error that names a file that cannot be read.
  public func cachedWeights(in cache: WeightCache = WeightCache()) throws -> [LoadedWeights] {
    try components.compactMap(cache.find).map(LoadedWeights.init(path:))
  }
}

extension BackboneCatalogue {
  /// The backbone to take where none is named: the first of ``preferredNames`` whose weights have been pulled or
  /// imported, else that of ``defaultName``.
  public func usual(in cache: WeightCache = WeightCache()) -> BackboneDescription? {
    let preferred = preferredNames.compactMap { try? named($0) }
    return preferred.first { $0.components.allSatisfy { cache.find($0) != nil } } ?? (try? named(defaultName))
  }
}
