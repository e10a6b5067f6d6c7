import Foundation
import Testing

@testable import BlemishEvaluation

/// Opens the report in a real browser, where one is installed.
@Suite(.enabled("chromium is not installed") { Chromium.isInstalled }, .serialized) struct ChromiumTests {
  private static func page() throws -> String {
    let long = "uflow on wide_resnet50_2: " + String(repeating: "a-very-long-name-", count: 8)
    var content = HTMLReportTests().full(long)
    content.headline = (1...6).map { .init("Figure \($0)", 0.123, suffix: "± 0.012", note: long) }
    let columns = (1...11).map { ReportContent.Column("image AUROC \($0)") }
    content.metrics = .init(
      columns: columns, rows: [.init(long, columns.map { _ in .init(0.5, deviation: 0.01) })])
    content.links = [.init(long, path: "a b.html")]
    return HTMLReport.page(content)
  }

  @Test func fitsEveryWindow() throws {
    let widths = [320, 400, 800, 1200]
    let text = try Chromium(try Self.page()).measured(at: widths)
    // A page may not scroll sideways; what is wide scrolls within it.
    for width in widths {
      #expect(text.contains("at \(width): scrolls over \(width), 0 broken pictures"), "\(text.suffix(300))")
    }
  }

  @Test func darkAndLightDiffer() throws {
    let light = try Chromium(try Self.page()).screenshot(dark: false)
    let dark = try Chromium(try Self.page()).screenshot(dark: true)
    #expect(light.starts(with: [0x89, 0x50, 0x4E, 0x47]) && dark.starts(with: [0x89, 0x50, 0x4E, 0x47]))
    #expect(light != dark)
  }

  @Test func prints() throws {
    let document = try Chromium(try Self.page()).printed()
    #expect(document.starts(with: Array("%PDF".utf8)))
    #expect(document.count > 10_000)
  }
}

/// A headless browser with one page.
struct Chromium {
  static func path() -> String? {
    ["chromium", "chromium-browser", "google-chrome"].map { "/usr/bin/\($0)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  static var isInstalled: Bool { path() != nil }

  private let page: String
  private let folder: String

  init(_ page: String) throws {
    self.page = page
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("chromium-\(UUID())").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  /// What a script finds in the page in frames of these widths: windows themselves are not narrower than 500.
  func measured(at widths: [Int]) throws -> String {
    let script = """
      onload = () => {
        for (const frame of document.querySelectorAll("iframe")) {
          const page = frame.contentDocument;
          const broken = [...page.images].filter(image => image.complete && image.naturalWidth == 0).length;
          document.body.append(
            `at ${frame.clientWidth}: scrolls over ${page.documentElement.scrollWidth}, ${broken} broken pictures; `);
        }
      }
      """
    let text = HTML.escaped(page)
    let frames = widths.map {
      "<iframe style='border:0;width:\($0)px;height:900px' srcdoc=\"\(text)\"></iframe>"
    }
    let around = "<!DOCTYPE html><title>test</title><script>\(script)</script>" + frames.joined()
    return String(decoding: try run(around, ["--dump-dom"]), as: UTF8.self)
  }

  func screenshot(dark: Bool) throws -> Data {
    try run(
      page,
      ["--screenshot=\(folder)/out.png", "--window-size=1000,800"]
        + (dark ? ["--blink-settings=preferredColorScheme=0"] : []), result: "out.png")
  }

  func printed() throws -> Data { try run(page, ["--print-to-pdf=\(folder)/out"], result: "out") }

  private func run(_ page: String, _ arguments: [String], result: String? = nil) throws -> Data {
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let file = folder + "/page.html"
    try Data(page.utf8).write(to: URL(fileURLWithPath: file))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Self.path()))
    process.arguments =
      ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--user-data-dir=\(folder)/user"]
      + arguments + ["file://" + file]
    let output = folder + "/text"
    _ = FileManager.default.createFile(atPath: output, contents: nil)
    process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return try Data(contentsOf: URL(fileURLWithPath: result.map { folder + "/" + $0 } ?? output))
  }
}
