import Foundation
import StationTestSupport
import Testing

@Suite(.serialized) struct ServiceTests {
  @Test func aReplacedModelTakesOverWithoutALostRequest() async throws {
    let station = try await RunningStation()
    let version = try await station.get("/api/models/part").object["version"] as? String
    let picture = try Fixtures.clean()
    let counts = try await withThrowingTaskGroup(of: (statuses: [Int], versions: Set<String>).self) { group in
      for _ in 0..<3 {
        group.addTask {
          var (statuses, versions): ([Int], Set<String>) = ([], [])
          let end = ContinuousClock.now.advanced(by: .seconds(60))
          while ContinuousClock.now < end, versions.count < 2 {
            let answer = try await station.inspect(picture)
            statuses.append(answer.status)
            versions.insert(answer.object["model_version"] as? String ?? "")
          }
          return (statuses, versions)
        }
      }
      try await Task.sleep(for: .seconds(1))
      // First something that is no model, then another model.
      try Data("no model".utf8).write(
        to: URL(fileURLWithPath: station.folder / "models/part.blemish"), options: .atomic)
      try await Task.sleep(for: .seconds(2))
      try Data(contentsOf: URL(fileURLWithPath: Fixtures.otherModel)).write(
        to: URL(fileURLWithPath: station.folder / "models/part.blemish"), options: .atomic)
      return try await group.reduce(into: (statuses: [Int](), versions: Set<String>())) { all, one in
        all.statuses += one.statuses
        all.versions.formUnion(one.versions)
      }
    }
    #expect(counts.statuses.count > 10)
    #expect(counts.statuses.allSatisfy { $0 == 200 })
    #expect(counts.versions.count == 2 && counts.versions.contains(version ?? ""))
  }

  @Test func whatFindsNoRoomIsToComeAgain() async throws {
    let station = try await RunningStation(configuration: "limits: {queue: 2, workers: 1}\n")
    let picture = try Fixtures.clean()
    let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
      for _ in 0..<40 { group.addTask { try await station.inspect(picture) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    let refused = answers.filter { $0.status == 503 }
    #expect(!refused.isEmpty && refused.allSatisfy { Int($0.headers["retry-after"] ?? "") ?? 0 >= 1 })
    let judged = answers.filter { $0.status == 200 }
    #expect(judged.count + refused.count == 40 && !judged.isEmpty)
    // Each answer is in the history, and no other.
    let csv = try await station.get("/api/inspections.csv").text.split(separator: "\n")
    #expect(csv.count == judged.count + 1)
  }

  @Test func aPictureWhoseTurnDoesNotComeIsAnsweredInTime() async throws {
    let station = try await RunningStation(configuration: "limits: {workers: 1}\n")
    let picture = try Fixtures.clean()
    let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
      for _ in 0..<20 { group.addTask { try await station.inspect(picture, query: "?timeout=0.05") } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(answers.contains { $0.status == 504 })
    #expect(answers.allSatisfy { $0.status == 504 || $0.status == 200 })
  }

  @Test func anEndAnswersWhatWasTaken() async throws {
    let station = try await RunningStation()
    let picture = try Fixtures.clean()
    _ = try await station.inspect(picture)
    let requests = Task {
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<12 { group.addTask { try await station.inspect(picture).status } }
        return try await group.reduce(into: []) { $0.append($1) }
      }
    }
    try await Task.sleep(for: .milliseconds(150))
    #expect(try await station.end() == 0)
    let statuses = try await requests.value
    #expect(statuses.count == 12 && statuses.allSatisfy { $0 == 200 || $0 == 503 })
    let again = try await RunningStation(in: station.folder)
    let kept = try await again.get("/api/inspections.csv").text.split(separator: "\n").count - 1
    #expect(kept == statuses.filter { $0 == 200 }.count + 1)
  }

  @Test func aKilledStationHasWhatItAnswered() async throws {
    var station = try await RunningStation()
    let picture = try Fixtures.clean()
    var answered: Set<Int> = []
    for round in 0..<4 {
      let running = station
      if let id = try await running.inspect(picture).object["id"] as? Int { answered.insert(id) }
      let requests = Task {
        await withTaskGroup(of: Int?.self) { group in
          for _ in 0..<3 {
            group.addTask {
              var last: Int?
              while let id = try? await running.inspect(picture).object["id"] as? Int { last = id }
              return last
            }
          }
          return await group.reduce(into: [Int]()) { ids, id in if let id { ids.append(id) } }
        }
      }
      try await Task.sleep(for: .milliseconds(300 + 170 * round))
      try await station.end(SIGKILL)
      answered.formUnion(await requests.value)
      // A picture that was written when the end came.
      let day = station.folder / "data/pictures/2020-01-01"
      try FileManager.default.createDirectory(atPath: day, withIntermediateDirectories: true)
      try Data(picture).write(to: URL(fileURLWithPath: day + "/7.png"))
      station = try await RunningStation(in: station.folder)
    }
    #expect(answered.count >= 4)
    for id in answered {
      #expect(try await station.get("/api/inspections/\(id)/picture").body == picture)
    }
    let rows = try await station.get("/api/inspections.csv").text.split(separator: "\n").count - 1
    let files = FileManager.default.enumerator(atPath: station.folder / "data/pictures")!
      .compactMap { $0 as? String }.filter { $0.hasSuffix(".png") }
    #expect(files.count == rows)
  }

  @Test func aLostPictureIsMarked() async throws {
    let station = try await RunningStation()
    let id = try #require(try await station.inspect(Fixtures.clean()).object["id"] as? Int)
    try await station.end()
    try FileManager.default.removeItem(atPath: station.folder / "data/pictures")
    let again = try await RunningStation(in: station.folder)
    #expect(try await again.get("/api/inspections/\(id)").object["picture_missing"] as? Bool == true)
    #expect(try await again.get("/api/inspections/\(id)/picture").status == 404)
  }

  @Test func aDamagedHistoryDoesNotStopJudging() async throws {
    let folder = try RunningStation.folderWithModel()
    try FileManager.default.createDirectory(atPath: folder / "data", withIntermediateDirectories: true)
    try Data(repeating: 65, count: 10_000).write(to: URL(fileURLWithPath: folder / "data/station.sqlite"))
    let station = try await RunningStation(in: folder)
    let answer = try await station.inspect(Fixtures.damaged())
    #expect(answer.status == 200 && answer.object["stored"] as? Bool == false)
    #expect(answer.object["verdict"] as? String == "anomalous")
    #expect(try await station.get("/api/inspections").status == 503)
    let history = try await station.get("/api/station").object["history"] as? [String: Any]
    #expect((history?["error"] as? String)?.contains("put a backup in its place") == true)
  }

  @Test func oneFolderIsForOneStation() async throws {
    let station = try await RunningStation()
    await #expect(throws: RunningStation.NotListening.self) { try await RunningStation(in: station.folder) }
  }

  @Test func aBackupIsAStation() async throws {
    let station = try await RunningStation()
    let id = try #require(try await station.inspect(Fixtures.clean()).object["id"] as? Int)
    let backup = Process()
    backup.executableURL = URL(fileURLWithPath: RunningStation.program)
    backup.arguments = ["backup", station.folder / "copy", "--data", station.folder / "data"]
    try backup.run()
    while backup.isRunning { usleep(5_000) }
    #expect(backup.terminationStatus == 0)
    _ = try await station.inspect(Fixtures.clean())
    let other = try RunningStation.folderWithModel()
    try FileManager.default.moveItem(atPath: station.folder / "copy", toPath: other / "data")
    let restored = try await RunningStation(in: other)
    #expect(try await restored.get("/api/inspections/\(id)/picture").body == Fixtures.clean())
    #expect(try await restored.get("/api/inspections.csv").text.split(separator: "\n").count == 2)
  }
}
