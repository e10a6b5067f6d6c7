import Foundation
import StationTestSupport
import Testing

@Suite(.serialized) struct InspectTests {
  @Test func aPictureIsJudgedKeptAndShown() async throws {
    let station = try await RunningStation()
    let answer = try await station.inspect(Fixtures.damaged(), query: "?name=a.png&source=line1")
    #expect(answer.status == 200)
    #expect(answer.object["verdict"] as? String == "anomalous")
    #expect(answer.object["path"] as? String == "a.png")
    #expect(answer.object["stored"] as? Bool == true)
    let id = try #require(answer.object["id"] as? Int)
    let kept = try await station.get("/api/inspections/\(id)")
    #expect(kept.object["source"] as? String == "line1")
    #expect((kept.object["regions"] as? [Any])?.isEmpty == false)
    #expect(kept.object["log_nfa"] as? Double == answer.object["log_nfa"] as? Double)
    #expect(try await station.get("/api/inspections/\(id)/picture").body == Fixtures.damaged())
    for kind in ["overlay", "heat", "mask"] {
      let shown = try await station.get("/api/inspections/\(id)/\(kind)")
      #expect(shown.status == 200 && shown.headers["content-type"] == "image/png")
      #expect(shown.body.starts(with: [0x89, 0x50, 0x4E, 0x47]))
    }
    let map = try await station.get("/api/inspections/\(id)/map")
    #expect(map.body.starts(with: [0xFF, 0xD8]))
    let clean = try await station.inspect(Fixtures.clean())
    #expect(clean.object["verdict"] as? String == "good")
    let strict = try await station.inspect(Fixtures.damaged(), query: "?false_alarms=1e-300")
    #expect(strict.object["verdict"] as? String != "anomalous")
  }

  @Test func anOverlayIsAnsweredWhereAPictureIsWanted() async throws {
    let station = try await RunningStation()
    let answer = try await station.inspect(Fixtures.damaged(), headers: ["Accept": "image/png"])
    #expect(answer.status == 200 && answer.body.starts(with: [0x89, 0x50, 0x4E, 0x47]))
  }

  @Test func severalPicturesComeInOneRequest() async throws {
    let station = try await RunningStation()
    var body: [UInt8] = []
    for (name, bytes) in [
      ("a.png", try Fixtures.clean()), ("b.png", [1, 2, 3]), ("c.png", try Fixtures.damaged()),
    ] {
      body +=
        Array(
          "--XX\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"\(name)\"\r\n\r\n".utf8)
        + bytes
        + Array("\r\n".utf8)
    }
    body += Array("--XX--\r\n".utf8)
    let answer = try await station.ask(
      "POST", "/api/models/part/inspect", body: body,
      headers: ["Content-Type": "multipart/form-data; boundary=XX"])
    let inspections = try #require(answer.object["inspections"] as? [[String: Any]])
    #expect(inspections.map { $0["path"] as? String } == ["a.png", "b.png", "c.png"])
    #expect(inspections.map { $0["verdict"] as? String } == ["good", nil, "anomalous"])
    #expect(inspections[1]["status"] as? Int == 422)
  }

  @Test func whatCannotBeJudgedSaysWhy() async throws {
    let station = try await RunningStation()
    #expect(try await station.inspect([1, 2, 3]).status == 422)
    #expect(try await station.inspect([]).status == 400)
    let unknown = try await station.ask("POST", "/api/models/none/inspect", body: Fixtures.clean())
    #expect(unknown.status == 404 && unknown.object["error"] as? String == "there is no model none")
    #expect(try await station.inspect(Fixtures.clean(), query: "?false_alarms=-1").status == 400)
    #expect(try await station.get("/api/inspections/12345").status == 404)
    #expect(try await station.get("/api/inspections/x").status == 404)
    #expect(try await station.get("/nothing").status == 404)
    let wrong = try await station.ask("DELETE", "/api/inspections")
    #expect(wrong.status == 405 && wrong.headers["allow"]?.contains("GET") == true)
    let traversal = try await station.ask("POST", "/api/models/..%2F..%2Fetc/inspect", body: Fixtures.clean())
    #expect(traversal.status == 404)
  }

  @Test func theHistoryIsFilteredPagedLabelledAndExported() async throws {
    let station = try await RunningStation()
    var ids: [Int] = []
    for index in 0..<5 {
      let picture = index % 2 == 0 ? try Fixtures.clean() : try Fixtures.damaged()
      ids.append(
        try #require(try await station.inspect(picture, query: "?name=p\(index).png").object["id"] as? Int))
    }
    func list(_ query: String) async throws -> (ids: [Int], next: String?) {
      let object = try await station.get("/api/inspections?" + query).object
      return (
        (object["inspections"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? Int },
        object["next"] as? String
      )
    }
    let first = try await list("limit=2")
    #expect(first.ids == [ids[4], ids[3]])
    let second = try await list("limit=2&before=\(first.next ?? "")")
    #expect(second.ids == [ids[2], ids[1]])
    #expect(try await list("limit=2&before=\(second.next ?? "")").ids == [ids[0]])
    #expect(try await list("verdict=anomalous").ids == [ids[3], ids[1]])
    #expect(try await list("source=elsewhere").ids.isEmpty)
    #expect(try await list("from=2100-01-01").ids.isEmpty)
    #expect(try await station.get("/api/inspections?verdict=fine").status == 400)
    #expect(try await station.get("/api/inspections?from=yesterday").status == 400)

    let body = Array(#"{"label":"good"}"#.utf8)
    let labelled = try await station.ask("PUT", "/api/inspections/\(ids[1])/label", body: body)
    #expect(
      labelled.object["label"] as? String == "good" && labelled.object["labelled_by"] as? String == "local")
    #expect(try await list("label=wrong").ids == [ids[1]])
    #expect(try await list("label=none").ids.count == 4)
    let promise = try await station.get("/api/models/part/promise").object
    let alarms = try #require(promise["false_alarms"] as? [String: Any])
    #expect(alarms["count"] as? Int == 1 && alarms["of"] as? Int == 1)
    #expect(promise["inspected"] as? Int == 5)
    _ = try await station.ask("PUT", "/api/inspections/\(ids[1])/label", body: Array(#"{"label":null}"#.utf8))
    #expect(try await list("label=any").ids.isEmpty)
    #expect(
      try await station.ask("PUT", "/api/inspections/\(ids[1])/label", body: Array("no".utf8)).status == 400)

    let csv = try await station.get("/api/inspections.csv").text.split(separator: "\n")
    #expect(csv.count == 6 && csv[0].hasPrefix("id,time,source,model"))
    #expect(csv[1].contains("p4.png"))
    let bins = try #require(
      try await station.get("/api/models/part/distribution").object["bins"] as? [[String: Any]])
    #expect(bins.compactMap { $0["unreviewed"] as? Int }.reduce(0, +) == 5)
  }

  @Test func metricsAndHealthTellWhatIs() async throws {
    let station = try await RunningStation()
    _ = try await station.inspect(Fixtures.damaged())
    let text = try await station.get("/metrics").text
    #expect(text.contains(#"blemish_verdicts_total{model="part",source="api",verdict="anomalous"} 1"#))
    #expect(text.contains("blemish_queue_capacity 64"))
    #expect(text.contains(#"blemish_log_nfa_count{model="part"} 1"#))
    #expect(text.contains(#"blemish_drift_p_value{model="part"}"#))
    #expect(try await station.get("/health/live").status == 200)
    #expect(try await station.get("/health/ready").status == 200)
    try Data("no model".utf8).write(to: URL(fileURLWithPath: station.folder / "models/dead.blemish"))
    try await Task.sleep(for: .seconds(1))
    let dead = try await station.get("/api/models/dead").object
    #expect(dead["state"] as? String == "failed" && dead["error"] != nil)
    #expect(try await station.get("/api/models/part").object["state"] as? String == "ready")
  }
}
