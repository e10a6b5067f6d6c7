import Foundation

/// The recorded parity cases: where they are and what they list.
///
/// They come from the folder that `BLEMISH_GOLDEN` names, else from `../shared/golden` beside the package, else
/// from the small cases in `Tests/Golden`.
public enum Golden {
  /// The folder that holds `index.json`.
  public static let folder: String = {
    if let named = ProcessInfo.processInfo.environment["BLEMISH_GOLDEN"], !named.isEmpty { return named }
    let root = (0..<3).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
    let shared = root.deletingLastPathComponent().appendingPathComponent("shared/golden").path
    if FileManager.default.fileExists(atPath: shared + "/index.json") { return shared }
    return root.appendingPathComponent("Tests/Golden").path
  }()

  /// The cases of a group such as `nfa/`, in the order of their names, for `@Test(arguments:)`.
  ///
  /// Traps when there is no readable index: no test that compares with recorded numbers can mean anything then.
  public static func cases(_ prefix: String = "") -> [GoldenCase] {
    index.filter { $0.name.hasPrefix(prefix) }
  }

  /// The case of this name, or nil where the set at hand lacks it.
  public static func `case`(_ name: String) -> GoldenCase? {
    index.first { $0.name == name }
  }

  /// The path of a file that accompanies the cases, such as `uflow/three_scales.ckpt`, or nil where the set at
  /// hand lacks it.
  public static func path(_ name: String) -> String? {
    let path = folder + "/" + name
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }

  /// The content of a JSON file that accompanies the cases, such as `nfa/number_of_tests.json`.
  public static func json(_ name: String) throws -> GoldenValue {
    try JSONDecoder().decode(
      GoldenValue.self,
      from: Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
    )
  }

  private static let index: [GoldenCase] = {
    do {
      let cases = try json("index.json").object
      let all = try cases.sorted { $0.key < $1.key }.map {
        try GoldenCase(name: $0.key, settings: $0.value.object)
      }
      // Another recording need not have every file; what it lacks is named, and passed over.
      let missing = all.filter { path($0.name + ".safetensors") == nil }.map(\.name)
      if !missing.isEmpty {
        FileHandle.standardError.write(
          Data("\(folder) lacks the files of \(missing.joined(separator: ", "))\n".utf8))
      }
      return all.filter { !missing.contains($0.name) }
    } catch {
      fatalError("\(folder)/index.json cannot be read: \(error)")
    }
  }()
}
