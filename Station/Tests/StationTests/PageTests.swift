import Foundation
import StationTestSupport
import Testing

@Suite(.serialized, .enabled(if: Browser.program != nil, "no Chromium is installed")) struct PageTests {
  /// Where pictures of the page go, for whoever wants to look: BLEMISH_SCREENSHOTS.
  private func keep(_ browser: Browser, _ name: String) throws {
    guard let folder = ProcessInfo.processInfo.environment["BLEMISH_SCREENSHOTS"] else { return }
    try browser.picture().write(to: URL(fileURLWithPath: "\(folder)/\(name).png"))
  }

  @Test func theLastInspectionsAreShownAsTheyCome() async throws {
    let station = try await RunningStation()
    _ = try await station.inspect(Fixtures.damaged(), query: "?name=first.png")
    let browser = try Browser()
    try browser.go(station.url)
    try browser.waits(for: "document.querySelectorAll('.list button').length === 1")
    try browser.waits(for: "document.querySelector('canvas').dataset.shown")
    _ = try await station.inspect(Fixtures.clean(), query: "?name=second.png")
    try browser.waits(for: "document.querySelector('.list .name')?.textContent === 'second.png'")
    #expect(try browser.text("document.querySelector('.list .verdict').textContent") == "good")

    // Heat map, outline and zoom change what is drawn.
    _ = try browser.value("document.querySelectorAll('.list button')[1].click()")
    try browser.waits(for: "document.querySelector('dl').textContent.includes('anomalous')")
    let pixels =
      "(() => { const c = document.querySelector('canvas'); return c.getContext('2d').getImageData(0, 0, c.width, c.height).data.reduce((a, b, i) => (a * 31 + b * (i + 1)) % 1000003, 0) })()"
    try browser.waits(
      for:
        "document.querySelector('canvas').dataset.shown === document.querySelectorAll('.list button')[1].dataset.id"
    )
    let drawn = try browser.value(pixels) as? Int
    _ = try browser.value(
      "(() => { const r = document.querySelector('[name=opacity]'); r.value = 0; r.dispatchEvent(new Event('input')) })()"
    )
    let bare = try browser.value(pixels) as? Int
    _ = try browser.value("document.querySelector('[name=outline]').click()")
    let plain = try browser.value(pixels) as? Int
    #expect(drawn != bare && bare != plain)
    let narrow = try browser.value("document.querySelector('canvas').clientWidth") as? Int ?? 0
    _ = try browser.value(
      "(() => { const r = document.querySelector('[name=zoom]'); r.value = 3; r.dispatchEvent(new Event('input')) })()"
    )
    let wide = try browser.value("document.querySelector('canvas').clientWidth") as? Int ?? 0
    #expect(abs(wide - 3 * narrow) <= 3)

    // The filter.
    _ = try browser.value(
      "(() => { const s = document.querySelector('select[name=verdict]'); s.value = 'anomalous'; s.dispatchEvent(new Event('change')) })()"
    )
    try browser.waits(for: "document.querySelectorAll('.list button').length === 1")
    #expect(try browser.text("document.querySelector('.list .name').textContent") == "first.png")
    try keep(browser, "live")
    #expect(browser.errors.isEmpty, "\(browser.errors)")
  }

  @Test func aPictureThatIsChosenIsJudged() async throws {
    let station = try await RunningStation()
    let picture = station.folder / "dropped.png"
    try Data(Fixtures.damaged()).write(to: URL(fileURLWithPath: picture))
    let browser = try Browser()
    try browser.go(station.url)
    try browser.waits(for: "document.querySelector('input[type=file]')")
    try browser.choose([picture], in: "input[type=file]")
    try browser.waits(for: "document.querySelector('.list .name')?.textContent === 'dropped.png'")
    try browser.waits(for: "document.querySelector('canvas').dataset.shown")
    let broken = station.folder / "broken.png"
    try Data([1, 2, 3]).write(to: URL(fileURLWithPath: broken))
    try browser.choose([broken], in: "input[type=file]")
    try browser.waits(for: "!document.getElementById('failure').hidden")
    #expect(try browser.text("document.getElementById('failure').textContent").contains("broken.png"))
  }

  @Test func picturesAreReviewedByKeyboard() async throws {
    let station = try await RunningStation()
    for index in 0..<4 { _ = try await station.inspect(Fixtures.damaged(), query: "?name=p\(index).png") }
    let browser = try Browser()
    try browser.go(station.url + "/#review")
    try browser.waits(for: "document.querySelector('canvas')?.dataset.shown")
    func labels() async throws -> [String?] {
      let object = try await station.get("/api/inspections").object
      return (object["inspections"] as? [[String: Any]] ?? []).map { $0["label"] as? String }
    }
    func isShown(_ name: String) throws {
      try browser.waits(
        for: "document.querySelector('canvas').getAttribute('aria-label').startsWith('\(name)')")
    }
    try isShown("p3.png")
    try browser.press("f")
    try isShown("p2.png")
    try browser.press("j")
    try isShown("p1.png")
    #expect(try await labels() == ["good", "anomalous", nil, nil])
    try browser.press("u")
    try isShown("p2.png")
    #expect(try await labels() == ["good", nil, nil, nil])
    try browser.press("ArrowRight")
    try isShown("p1.png")
    try keep(browser, "review")
    try browser.press("j")
    try isShown("p0.png")
    try browser.press("j")
    try browser.waits(for: "!document.querySelector('p.big').hidden")
    #expect(try await labels() == ["good", nil, "anomalous", "anomalous"])
    #expect(browser.errors.isEmpty, "\(browser.errors)")
  }

  @Test func promisesLimitsAndHealthAreShown() async throws {
    let station = try await RunningStation()
    var ids: [Int] = []
    for picture in [try Fixtures.damaged(), try Fixtures.clean(), try Fixtures.damaged()] {
      ids.append(try #require(try await station.inspect(picture).object["id"] as? Int))
    }
    _ = try await station.ask(
      "PUT", "/api/inspections/\(ids[0])/label", body: Array(#"{"label":"good"}"#.utf8))
    let browser = try Browser()
    try browser.go(station.url + "/#models")
    try browser.waits(for: "document.querySelector('.card')?.textContent.includes('Observed: 1 of 1')")
    _ = try browser.value(
      "(() => { const r = document.querySelector('[name=limit]'); r.value = r.min; r.dispatchEvent(new Event('input')) })()"
    )
    #expect(try browser.text("document.querySelector('.would').textContent").contains(" of 3 pictures"))
    let strict = try browser.text("document.querySelector('.would').textContent")
    _ = try browser.value(
      "(() => { const r = document.querySelector('[name=limit]'); r.value = r.max; r.dispatchEvent(new Event('input')) })()"
    )
    #expect(try browser.text("document.querySelector('.would').textContent") != strict)
    try keep(browser, "models")
    try browser.go(station.url + "/#station")
    try browser.waits(for: "document.querySelector('main').textContent.includes('3 inspections')")
    try keep(browser, "station")
    #expect(browser.errors.isEmpty, "\(browser.errors)")
  }

  @Test func aTokenSignsIn() async throws {
    let folder = try RunningStation.folderWithModel()
    let made = try Python.run(
      RunningStation.program, ["token", "add", "anna", "--role", "operator", "--data", folder / "data"])
    let token = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
    let station = try await RunningStation(configuration: "tokens: true\n", in: folder)
    let browser = try Browser()
    try browser.go(station.url)
    try browser.waits(for: "document.querySelector('[name=token]')")
    _ = try browser.value(
      "(() => { document.querySelector('[name=token]').value = '\(token)'; document.querySelector('form button').click() })()"
    )
    try browser.waits(for: "document.querySelector('input[type=file]')")
    #expect(try browser.text("document.getElementById('who').textContent").contains("anna"))
  }

  @Test func aNarrowAndDarkScreenShowsAll() async throws {
    let station = try await RunningStation()
    _ = try await station.inspect(
      Fixtures.damaged(), query: "?name=\(String(repeating: "long", count: 20)).png")
    let browser = try Browser(width: 390, height: 800, dark: true)
    for view in ["live", "review", "models", "station"] {
      try browser.go(station.url + "/#" + view)
      try browser.waits(for: "document.querySelector('main').dataset.view === '\(view)'")
      let width = try browser.value("document.documentElement.scrollWidth") as? Int
      #expect(width ?? 999 <= 390, "\(view)")
      try keep(browser, "narrow-\(view)")
    }
    #expect(try browser.text("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 27)")
    // Everything can be reached by keyboard: the first stop leads past the navigation.
    try browser.press("Tab")
    #expect(try browser.text("document.activeElement.className") == "skip")
  }
}
