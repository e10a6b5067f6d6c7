import Foundation
import Testing

/// What the compiler does not check: SwiftPM refuses cycles between modules, but not between folders of one.
@Suite struct FolderTests {
  private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")
  /// The station is a package of its own.
  private static let station = sources.deletingLastPathComponent().appendingPathComponent("Station/Sources")

  /// The Swift files below a folder, with their code: comments and texts are left out.
  private static func files(_ folder: URL) -> [(path: String, code: String)] {
    let names = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
    return names.filter { $0.hasSuffix(".swift") }.sorted().compactMap { name in
      guard let text = try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8) else {
        return nil
      }
      let withoutComments = text.replacing(/\/\/[^\n]*/, with: "")
      return (name, withoutComments.replacing(/"[^"\n]*"/, with: "\"\""))
    }
  }

  private static func folder(of path: String) -> String {
    path.split(separator: "/").dropLast().joined(separator: "/")
  }

  private static func identifiers(_ code: String) -> Set<Substring> {
    Set(code.matches(of: /[A-Za-z_][A-Za-z0-9_]*/).map(\.output))
  }

  /// Which folders of a module use names that others declare at their top level.
  private static func uses(_ files: [(path: String, code: String)]) -> [String: Set<String>] {
    var declared: [Substring: Set<String>] = [:]
    let declaration =
      /^(?:@\w+ )*(?:public |package |final |indirect )*(?:struct|class|enum|protocol|func|typealias|actor) (\w+)/
      .anchorsMatchLineEndings()
    for file in files {
      for match in file.code.matches(of: declaration) {
        declared[match.output.1, default: []].insert(folder(of: file.path))
      }
    }
    var uses: [String: Set<String>] = [:]
    for file in files {
      let own = folder(of: file.path)
      for name in identifiers(file.code) {
        guard let folders = declared[name], folders.count == 1, let other = folders.first, other != own else {
          continue
        }
        uses[own, default: []].insert(other)
      }
    }
    return uses
  }

  /// A cycle of folders, if there is one.
  private static func cycle(_ uses: [String: Set<String>]) -> [String]? {
    func path(from start: String, to end: String, _ visited: inout Set<String>) -> [String]? {
      for next in uses[start, default: []].sorted() {
        if next == end { return [start, end] }
        guard visited.insert(next).inserted else { continue }
        if let rest = path(from: next, to: end, &visited) { return [start] + rest }
      }
      return nil
    }
    for folder in uses.keys.sorted() {
      var visited: Set<String> = []
      if let found = path(from: folder, to: folder, &visited) { return found }
    }
    return nil
  }

  @Test func noFolderOfAModuleTakesPartInACycle() throws {
    for (sources, least) in [(Self.sources, 16), (Self.station, 2)] {
      let modules = try FileManager.default.contentsOfDirectory(atPath: sources.path)
      #expect(modules.count >= least)
      for module in modules.sorted() {
        let files = Self.files(sources.appendingPathComponent(module))
        let cycle = Self.cycle(Self.uses(files))
        #expect(cycle == nil, "\(module): \(cycle?.joined(separator: " -> ") ?? "")")
      }
    }
  }

  @Test func aCycleIsSeen() {
    #expect(Self.cycle(["a": ["b"], "b": ["c"], "c": ["a"]]) != nil)
    #expect(Self.cycle(["a": ["b", "c"], "b": ["c"]]) == nil)
  }

  @Test func nothingOutsideADetectorsFolderKnowsItsName() {
    let detectors = Self.sources.appendingPathComponent("BlemishDetectors")
    let folders = Self.files(detectors).compactMap { Self.folder(of: $0.path) }.filter { !$0.isEmpty }
    let names = Set(folders)
    #expect(names.isSuperset(of: ["UFlow", "MSFlow"]))
    for file in Self.files(Self.sources) {
      let own = Self.folder(of: file.path).split(separator: "/").last.map(String.init) ?? ""
      guard !file.path.hasSuffix("DetectorCatalogue+Standard.swift") else { continue }
      let known = Self.identifiers(file.code).intersection(names.map { Substring($0) }).filter { $0 != own }
      #expect(known.isEmpty, "\(file.path) names \(known.sorted().joined(separator: ", "))")
    }
  }
}
