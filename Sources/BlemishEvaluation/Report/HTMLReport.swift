import BlemishCore
import BlemishSupport
import BlemishTorch
import Foundation

/// The report of an evaluation as one HTML page that needs nothing beside it: no network, no scripts, no
/// other files.
public enum HTMLReport {
  /// Writes the page, replacing a file that is there.
  ///
  /// - Throws: `FileSystemError`; then the old one is untouched.
  public static func write(_ content: ReportContent, to path: String) throws {
    try write(content, to: path, replacing: .anyFile)
  }

  /// Writes the page where there is no file yet, or one that may be replaced.
  /// - Throws: `FileSystemError`; then the old file is untouched.
  package static func write(
    _ content: ReportContent, to path: String, replacing: AtomicFile.Replacement
  ) throws {
    try writeText(page(content), to: path, replacing: replacing)
  }

  /// The page's text.
  public static func page(_ content: ReportContent) -> String {
    let sections = sections(content).filter { !$0.body.isEmpty }
    let title = HTML.escaped(content.title)
    let links = sections.map { "<a href=\"#\($0.id)\">\($0.title)</a>" }
    let bodies = sections.map {
      "<section id=\"\($0.id)\" aria-labelledby=\"\($0.id)-title\"><h2 id=\"\($0.id)-title\">\($0.title)</h2>"
        + "\($0.body)</section>"
    }
    let navigation =
      links.count < 2 ? "" : "<nav aria-label=\"Sections\"><div class=\"wide\">\(links.joined())</div></nav>"
    // The policy makes sure that nothing in the page is ever fetched or run.
    return """
      <!DOCTYPE html>
      <html lang="en" xmlns="http://www.w3.org/1999/xhtml">
      <head>
      <meta charset="utf-8"/>
      \(OwnFile.reportMark) \(blemishVersion)"/>
      <meta name="viewport" content="width=device-width, initial-scale=1"/>
      <meta http-equiv="Content-Security-Policy"
      content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"/>
      <meta name="color-scheme" content="light dark"/>
      <title>\(title) · Blemish</title>
      <style>\(styleSheet)</style>
      </head>
      <body>
      <header><div class="wide">
      <p class="brand">Blemish · evaluation report</p>
      <h1>\(title)</h1>
      \(paragraph(content.subtitle, "subtitle"))
      \(paragraph(content.summary, "summary"))
      \(headline(content.headline))
      \(cautions(content.cautions))
      </div></header>
      \(navigation)
      <main class="wide">
      \(bodies.joined(separator: "\n"))
      </main>
      </body>
      </html>

      """
  }

  private static func sections(_ content: ReportContent) -> [(id: String, title: String, body: String)] {
    [
      ("metrics", HTML.escaped(content.metrics?.title ?? ""), content.metrics.map(table) ?? ""),
      ("verdicts", "Verdicts", content.verdicts.map(titledTable).joined()),
      ("robustness", HTML.escaped(content.robustness?.title ?? ""), content.robustness.map(table) ?? ""),
      ("charts", "Charts", charts(content)),
      ("runs", "Single runs", links(content.links)),
      (
        "pictures", "Pictures", content.galleries.map(gallery).joined() + (content.listing.map(listing) ?? "")
      ),
      ("configuration", "Configuration", properties(content.configuration)),
      ("versions", "Versions", properties(content.versions)),
    ]
  }

  private static func paragraph(_ text: String?, _ style: String) -> String {
    text.map { "<p class=\"\(style)\">\(HTML.escaped($0))</p>" } ?? ""
  }

  private static func headline(_ figures: [ReportContent.Figure]) -> String {
    guard !figures.isEmpty else { return "" }
    let items = figures.map { figure in
      let value = figure.value.map { HTML.number($0, digits: figure.digits) }
      let suffix = value == nil ? nil : figure.suffix
      return "<div><dt>\(HTML.escaped(figure.name))</dt>"
        + "<dd class=\"value\(value == nil ? " missing" : "")\">\(value ?? "not available")"
        + (suffix.map { "<small>\(HTML.escaped($0))</small>" } ?? "") + "</dd>"
        + (figure.note.map { "<dd class=\"note\">\(HTML.escaped($0))</dd>" } ?? "") + "</div>"
    }
    return "<dl class=\"headline\">\(items.joined())</dl>"
  }

  private static func cautions(_ texts: [String]) -> String {
    guard !texts.isEmpty else { return "" }
    return "<ul class=\"cautions\">\(texts.map { "<li>\(HTML.escaped($0))</li>" }.joined())</ul>"
  }

  private static func table(_ table: ReportContent.Table) -> String {
    guard !table.rows.isEmpty else { return "" }
    var reasons: [String] = []
    func cell(_ cell: ReportContent.Cell, _ column: ReportContent.Column) -> String {
      if let value = cell.value {
        let share = column.isShare && value.isFinite ? min(max(value, 0), 1) * 100 : nil
        let bar = share.map { " class=\"share\" style=\"--share:\(HTML.number($0, digits: 1))%\"" } ?? ""
        let deviation = cell.deviation.map { " ± \(HTML.number($0, digits: column.digits))" } ?? ""
        return "<td\(bar)>\(HTML.number(value, digits: column.digits))\(deviation)</td>"
      }
      if let text = cell.text { return "<td>\(HTML.escaped(text))</td>" }
      guard let reason = cell.reason else { return "<td class=\"missing\">–</td>" }
      if !reasons.contains(reason) { reasons.append(reason) }
      let number = (reasons.firstIndex(of: reason) ?? 0) + 1
      return "<td class=\"missing\">–<sup>\(number)</sup></td>"
    }
    let headings = table.columns.map { "<th scope=\"col\">\(HTML.escaped($0.name))</th>" }.joined()
    let rows = table.rows.map { row in
      "<tr\(row.isTotal ? " class=\"total\"" : "")><th scope=\"row\">\(HTML.escaped(row.name))</th>"
        + zip(row.cells, table.columns).map(cell).joined() + "</tr>"
    }
    let notes = reasons.enumerated().map { "<li>\(HTML.escaped($1))</li>" }.joined()
    return
      "<div class=\"scroll card\" tabindex=\"0\" role=\"region\" aria-label=\"\(HTML.escaped(table.title))\">"
      + "<table><thead><tr><th scope=\"col\">\(HTML.escaped(table.rowHeading))</th>\(headings)</tr></thead>"
      + "<tbody>\(rows.joined())</tbody></table></div>"
      + (notes.isEmpty ? "" : "<ol class=\"reasons\">\(notes)</ol>")
  }

  private static func titledTable(_ shown: ReportContent.Table) -> String {
    "<h3>\(HTML.escaped(shown.title))</h3>" + paragraph(shown.note, "note") + table(shown)
  }

  /// All pictures, folded away: a page has thousands.
  private static func listing(_ listing: ReportContent.Table) -> String {
    listing.rows.isEmpty
      ? ""
      : "<details><summary>\(HTML.escaped(listing.title)) (\(listing.rows.count))</summary>"
        + paragraph(listing.note, "note") + table(listing) + "</details>"
  }

  private static func properties(_ properties: [ReportContent.Property]) -> String {
    guard !properties.isEmpty else { return "" }
    let rows = properties.map {
      "<tr><th scope=\"row\">\(HTML.escaped($0.name))</th><td>\(HTML.escaped($0.value))</td></tr>"
    }
    return "<div class=\"card\"><table class=\"properties\"><tbody>\(rows.joined())</tbody></table></div>"
  }

  private static func links(_ links: [ReportContent.Link]) -> String {
    guard !links.isEmpty else { return "" }
    let items = links.map { link in
      // A name is no path elsewhere: "./" keeps one with a colon from being taken for a scheme.
      let path = link.path.addingPercentEncoding(
        withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-._")))
      return "<li><a href=\"./\(HTML.escaped(path ?? ""))\">\(HTML.escaped(link.name))</a></li>"
    }
    return "<div class=\"card\"><ul class=\"links\">\(items.joined())</ul></div>"
  }

  private static func gallery(_ gallery: ReportContent.Gallery) -> String {
    guard !gallery.specimens.isEmpty else { return "" }
    return "<h3>\(HTML.escaped(gallery.title))</h3>" + paragraph(gallery.note, "note")
      + "<div class=\"gallery\">\(gallery.specimens.map(specimen).joined())</div>"
  }

  private static func specimen(_ specimen: ReportContent.Specimen) -> String {
    let (style, verdict) =
      switch (specimen.defectType != nil, specimen.verdict) {
      case (true, .good): ("missed", "defect missed")
      case (true, .review):
        specimen.isMissed ? ("missed", "to review, but elsewhere") : ("found", "to review")
      case (true, .anomalous), (true, .unlike):
        specimen.isMissed ? ("missed", "stopped, but elsewhere") : ("found", "defect found")
      case (false, .anomalous), (false, .unlike): ("alarm", "false alarm")
      case (false, .review): ("alarm", "good, to review")
      case (false, .good): ("passed", "good, passed")
      }
    let name = HTML.escaped(specimen.name)
    let views: [(String, Data?)] = [
      ("picture", specimen.picture), ("log NFA", specimen.heatMap),
      ("predicted mask", specimen.predictedMask), ("ground truth", specimen.groundTruth),
    ]
    let images = views.compactMap { kind, bytes -> String? in
      guard let bytes else { return nil }
      guard let image = HTML.image(bytes, alternative: "\(kind) of \(specimen.name)") else { return nil }
      return "<figure>\(image)<figcaption>\(kind)</figcaption></figure>"
    }
    var facts: [String] = []
    if let score = specimen.score { facts.append("<dt>score</dt><dd>\(HTML.number(score, digits: 3))</dd>") }
    if let logNFA = specimen.logNFA {
      facts.append("<dt>log NFA</dt><dd>\(HTML.number(logNFA, digits: 2))</dd>")
    }
    return "<article class=\"card \(style)\"><h4>\(name.replacingOccurrences(of: "/", with: "/<wbr/>"))</h4>"
      + "<p><span class=\"verdict\">\(verdict)</span> "
      + "<span class=\"type\">\(HTML.escaped(specimen.defectType ?? "good"))</span></p>"
      + (images.isEmpty ? "" : "<div class=\"views\">\(images.joined())</div>")
      + (facts.isEmpty ? "" : "<dl class=\"facts\">\(facts.joined())</dl>") + "</article>"
  }
}
