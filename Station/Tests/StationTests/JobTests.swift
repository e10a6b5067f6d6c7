import Foundation
import StationTestSupport
import Testing

@Suite(.serialized) struct JobTests {
  private func post(_ station: RunningStation, _ path: String) async throws -> Answer {
    try await station.ask("POST", path, body: [])
  }

  private func review(_ station: RunningStation, good: Int, anomalous: Int, varied: Bool = false) async throws
  {
    for index in 0..<(good + anomalous) {
      let picture = index >= good ? try Fixtures.damaged() : try Fixtures.clean(varied ? index + 1 : 0)
      let id = try #require(try await station.inspect(picture).object["id"] as? Int)
      let label = index < good ? "good" : "anomalous"
      _ = try await station.ask(
        "PUT", "/api/inspections/\(id)/label", body: Array(#"{"label":"\#(label)"}"#.utf8))
    }
  }

  @Test func aModelIsRetrainedComparedPutIntoServiceAndTakenBack() async throws {
    let station = try await RunningStation()
    let first = try await station.get("/api/models/part").object["version"] as? String
    #expect(try await post(station, "/api/models/part/recalibrate").status == 409)
    #expect(try await post(station, "/api/models/part/undo").status == 409)
    try await review(station, good: 12, anomalous: 2, varied: true)
    let began = try await post(station, "/api/models/part/retrain?epochs=2")
    #expect(began.status == 202)
    let id = try #require(began.object["id"] as? Int)
    let state = { try await station.get("/api/jobs/\(id)").object["state"] as? String }
    #expect(try await waits(seconds: 240) { try await state() != "running" })
    let job = try await station.get("/api/jobs/\(id)").object
    #expect(job["state"] as? String == "ready", "\(job)")
    let comparison = try #require(job["comparison"] as? [String: Any])
    #expect(comparison["pictures"] as? Int == 4 && comparison["good"] as? Int == 2)
    // Nothing has changed before somebody says so.
    #expect(try await station.get("/api/models/part").object["version"] as? String == first)
    #expect(try await post(station, "/api/jobs/\(id)/install").status == 200)
    let version = { try await station.get("/api/models/part").object["version"] as? String }
    #expect(try await waits { try await version() != first })
    #expect(try await post(station, "/api/jobs/\(id)/install").status == 409)
    #expect(try await post(station, "/api/models/part/undo").status == 200)
    #expect(try await waits { try await version() == first })
  }

  @Test func aJobThatFailsSaysWhyAndOneThatRunsCanBeCancelled() async throws {
    let station = try await RunningStation()
    // Nothing can be learnt of one picture again and again.
    try await review(station, good: 6, anomalous: 0)
    let began = try await post(station, "/api/models/part/recalibrate")
    let id = try #require(began.object["id"] as? Int)
    #expect(
      try await waits(seconds: 120) {
        try await station.get("/api/jobs/\(id)").object["state"] as? String != "running"
      })
    let job = try await station.get("/api/jobs/\(id)").object
    #expect(job["state"] as? String == "failed" && job["error"] as? String != nil, "\(job)")
    #expect(try await station.get("/api/jobs/1").status == 404)

    try await review(station, good: 12, anomalous: 0, varied: true)
    let long = try #require(try await post(station, "/api/models/part/retrain").object["id"] as? Int)
    #expect(try await post(station, "/api/models/part/retrain").status == 409)
    #expect(try await station.ask("DELETE", "/api/jobs/\(long)").object["state"] as? String == "cancelled")
    #expect(try await waits { try await station.ask("DELETE", "/api/jobs/\(long)").status == 409 })
    #expect(try await station.inspect(Fixtures.clean()).status == 200)
  }
}
