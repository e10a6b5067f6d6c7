import BlemishScoring
import Foundation
import Testing

@Suite struct ManifestTests {
  private func rows(_ text: String) throws -> [ManifestRow] {
    let folder = NSTemporaryDirectory() + "/blemish-manifest-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/list"))
    var rows: [ManifestRow] = []
    try Manifest(folder + "/list").forEachRow { rows.append($0) }
    return rows.map { row in
      var row = row
      if case .file(let path) = row.place { row.place = .file(path.replacing(folder, with: "HERE")) }
      row.model = row.model?.replacing(folder, with: "HERE")
      return row
    }
  }

  @Test func pathsAddressesAndObjectsAreRows() throws {
    let found = try rows(
      """
      a.png

      /data/b c.png\r
      {"path": "c.png", "id": 17, "model": "m/cloth.blemish"}
      {"path": "https://host/d.png?X-Signature=secret"}
      https://host/e.png?token=secret
      """)
    #expect(
      found == [
        ManifestRow(name: "a.png", place: .file("HERE/a.png")),
        ManifestRow(name: "/data/b c.png", place: .file("/data/b c.png")),
        ManifestRow(id: "17", name: "c.png", place: .file("HERE/c.png"), model: "HERE/m/cloth.blemish"),
        ManifestRow(name: "https://host/d.png", place: .address("https://host/d.png?X-Signature=secret")),
        ManifestRow(name: "https://host/e.png", place: .address("https://host/e.png?token=secret")),
      ])
    #expect(!found.contains { $0.id.contains("secret") || $0.name.contains("secret") })
  }

  @Test func manyLinesAreReadPieceByPiece() throws {
    let names = (0..<60_000).map { "folder/with/a/name/that/is/long/\($0).png" }
    #expect(try rows(names.joined(separator: "\n")).map(\.id) == names)
  }

  @Test(arguments: [
    "{\"id\": 1}", "{\"path\": \"\"}", "{\"path\": \"a\", \"id\": [1]}", "{\"path\": ",
    "{\"path\": \"a\", \"model\": \"\"}",
  ])
  func aLineThatIsNoPictureIsNamed(_ line: String) {
    let error = #expect(throws: ScoringError.self) { try rows("a.png\n\(line)\nb.png") }
    guard case .manifest(_, 2, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
