import BlemishTorch
import Foundation
import FoundationXML
import Testing

@testable import BlemishEvaluation

/// Names of the elements of a page and the values of their attributes, if it is well formed.
final class Outline: NSObject, XMLParserDelegate {
  var elements: [String] = []
  var attributes: [[String: String]] = []
  var text = ""

  init?(_ page: String) {
    super.init()
    let parser = XMLParser(data: Data(page.utf8))
    parser.delegate = self
    guard parser.parse() else { return nil }
  }

  func parser(
    _ parser: XMLParser,
    didStartElement name: String,
    namespaceURI: String?,
    qualifiedName: String?,
    attributes: [String: String]
  ) {
    elements.append(name)
    self.attributes.append(attributes)
  }

  func parser(_ parser: XMLParser, foundCharacters characters: String) { text += characters }

  func values(of attribute: String, in element: String) -> [String] {
    zip(elements, attributes).filter { $0.0 == element }.compactMap { $0.1[attribute] }
  }
}

@Suite struct HTMLReportTests {
  static let png = Data(
    base64Encoded:
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
  )

  static let hostile = "<script>alert(1)</script>\"'&\u{0}\u{1B}.png"

  /// A report with everything in it, and the same text in every place that takes any.
  func full(_ text: String) -> ReportContent {
    var content = ReportContent(title: text)
    content.subtitle = text
    content.summary = text
    content.headline = [.init(text, 0.5, suffix: text, note: text), .init(text, nil, note: text)]
    content.cautions = [text]
    content.metrics = .init(
      columns: [.init(text)],
      rows: [.init(text, [.init(0.25)]), .init(text, [.init(nil, reason: text)], isTotal: true)]
    )
    let curve = ReportContent.Curve(text, [[0, 0], [0.5, 0.9], [1, 1]])
    content.roc = [curve]
    content.perRegionOverlap = [curve]
    content.precisionRecall = [curve]
    content.calibration = [.init(text, [[0.01, 0], [0.1, 0.2], [1, 1]])]
    content.scores = .init(name: text, good: [1, 2, 3], anomalous: [4, 5], threshold: 3.5)
    content.training = .init(curves: [curve], keptEpoch: 1, note: text)
    content.galleries = [
      .init(
        text,
        note: text,
        specimens: [
          .init(
            name: text,
            defectType: text,
            verdict: .good,
            score: 1,
            logNFA: 2,
            picture: Self.png,
            heatMap: Self.png,
            predictedMask: Self.png,
            groundTruth: Self.png
          )
        ]
      )
    ]
    content.configuration = [.init(text, text)]
    content.versions = [.init(text, text)]
    return content
  }

  @Test func isWellFormedAndShowsEverySection() throws {
    let outline = try #require(Outline(HTMLReport.page(full("gear"))))
    #expect(
      outline.values(of: "id", in: "section") == [
        "metrics", "charts", "pictures", "configuration", "versions",
      ]
    )
    #expect(
      outline.values(of: "href", in: "a") == [
        "#metrics", "#charts", "#pictures", "#configuration", "#versions",
      ]
    )
    #expect(outline.elements.filter { $0 == "svg" }.count == 6)
    #expect(outline.elements.filter { $0 == "img" }.count == 4)
    #expect(outline.elements.filter { $0 == "h1" }.count == 1)
    for word in ["defect missed", "log NFA", "0.250", "not available", "threshold", "kept: epoch 1"] {
      #expect(outline.text.contains(word), "\(word)")
    }
  }

  @Test func leavesOutWhatThereIsNot() throws {
    let outline = try #require(Outline(HTMLReport.page(ReportContent(title: "gear"))))
    for element in ["section", "nav", "svg", "table", "img", "dl", "ul"] {
      #expect(!outline.elements.contains(element), "\(element)")
    }
    var content = ReportContent(title: "gear")
    content.roc = [.init("pixels", [[0, 0], [1, 1]])]
    content.galleries = [.init("Worst misses", specimens: [])]
    let charts = try #require(Outline(HTMLReport.page(content)))
    #expect(charts.values(of: "id", in: "section") == ["charts"])
    #expect(charts.elements.filter { $0 == "svg" }.count == 1)
    #expect(!charts.text.contains("Worst misses"))
  }

  @Test func hostileNamesAreHarmless() throws {
    let page = HTMLReport.page(full(Self.hostile))
    let outline = try #require(Outline(page))
    #expect(!outline.elements.contains("script"))
    #expect(outline.attributes.allSatisfy { $0.keys.allSatisfy { !$0.lowercased().hasPrefix("on") } })
    #expect(!page.contains("<script"))
    #expect(outline.text.contains("<script>alert(1)</script>\"'&\u{FFFD}\u{FFFD}.png"))
    #expect(outline.values(of: "alt", in: "img").allSatisfy { $0.contains("<script>alert(1)</script>\"'&") })
  }

  @Test func needsNothingBesideIt() throws {
    let outline = try #require(Outline(HTMLReport.page(full("gear"))))
    #expect(outline.values(of: "src", in: "img").allSatisfy { $0.hasPrefix("data:image/png;base64,iVBOR") })
    #expect(!outline.elements.contains("link") && !outline.elements.contains("script"))
    #expect(
      !outline.attributes.contains { $0.values.contains { $0.hasPrefix("http:") && !$0.contains("w3.org") } }
    )
    #expect(outline.values(of: "content", in: "meta").contains { $0.contains("default-src 'none'") })
    #expect(!HTMLReport.styleSheet.contains("url(") && !HTMLReport.styleSheet.contains("@import"))
    #expect(HTMLReport.styleSheet.contains("prefers-color-scheme: dark"))
    #expect(HTMLReport.styleSheet.contains("@media print"))
  }

  @Test func everyPictureAndHeadingSaysWhatItIs() throws {
    let outline = try #require(Outline(HTMLReport.page(full("gear"))))
    #expect(
      outline.values(of: "alt", in: "img") == [
        "picture of gear", "log NFA of gear", "predicted mask of gear", "ground truth of gear",
      ]
    )
    #expect(outline.values(of: "aria-label", in: "svg").count == 6)
    #expect(outline.values(of: "scope", in: "th").count == outline.elements.filter { $0 == "th" }.count)
  }

  @Test func numbersThatAreNoneDoNotSpoilThePage() throws {
    var content = full("gear")
    content.headline = [.init("a", .nan), .init("b", -.infinity), .init("c", -0.0004), .init("d", -1.5)]
    content.roc = [.init("a", [[.nan, 1], [0, .infinity]]), .init("b", [])]
    content.calibration = [.init("none", [[0, 0], [-1, .nan]])]
    content.scores = .init(name: "score", good: [.nan, 2, 2], anomalous: [2, .infinity], threshold: .nan)
    content.training = .init(curves: [.init("loss", [[3, 1e308], [4, -1e308], [5, 1]])], keptEpoch: 900)
    content.metrics = .init(
      columns: [.init("AUROC")],
      rows: [.init("all", [.init(.nan)]), .init("none", [])]
    )
    let outline = try #require(Outline(HTMLReport.page(content)))
    #expect(outline.text.contains("not a number") && outline.text.contains("−∞"))
    #expect(outline.text.contains("0.000") && !outline.text.contains("−0.000"))
    #expect(outline.text.contains("−1.500"))
    let places = outline.values(of: "points", in: "polyline") + outline.values(of: "x", in: "rect")
    #expect(places.allSatisfy { !$0.contains("nan") && !$0.contains("inf") })
  }

  @Test func leavesOutPicturesOfUnknownKind() throws {
    var content = ReportContent(title: "gear")
    content.galleries = [
      .init(
        "All",
        specimens: [.init(name: "a", defectType: nil, verdict: .anomalous, picture: Data("GIF89a".utf8))]
      )
    ]
    let outline = try #require(Outline(HTMLReport.page(content)))
    #expect(!outline.elements.contains("img"))
    #expect(outline.text.contains("false alarm"))
  }

  @Test func writesOneFile() throws {
    let path = NSTemporaryDirectory() + "blemish-report-\(UUID().uuidString).html"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try HTMLReport.write(full("gear"), to: path)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == HTMLReport.page(full("gear")))
    #expect(throws: (any Error).self) { try HTMLReport.write(full("gear"), to: "/nonexistent/report.html") }
  }
}
