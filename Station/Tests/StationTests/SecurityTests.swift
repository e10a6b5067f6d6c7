import Foundation
import StationTestSupport
import Testing

@Suite(.serialized) struct SecurityTests {
  private func program(_ arguments: String...) throws -> (status: Int32, output: String) {
    try Python.run(RunningStation.program, arguments)
  }

  private func token(_ name: String, _ role: String, _ folder: TemporaryFolder) throws -> String {
    let made = try program("token", "add", name, "--role", role, "--data", folder / "data")
    #expect(made.status == 0)
    return made.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  @Test func othersNeedATokenOrAnOpenDoor() async throws {
    let folder = try RunningStation.folderWithModel()
    do {
      _ = try await RunningStation(["--host", "0.0.0.0"], in: folder)
      Issue.record("began without a token")
    } catch let error as RunningStation.NotListening {
      #expect(error.errors.contains("--open") && error.errors.contains("token add"))
    }
    _ = try await RunningStation(["--host", "0.0.0.0", "--open"], in: folder)
  }

  @Test func rolesMayDoWhatIsTheirs() async throws {
    let folder = try RunningStation.folderWithModel()
    let machine = try token("line", "machine", folder)
    let operators = try token("anna", "operator", folder)
    let station = try await RunningStation(configuration: "tokens: true\n", in: folder)
    func bearer(_ token: String) -> [String: String] { ["Authorization": "Bearer \(token)"] }
    #expect(try await station.inspect(Fixtures.clean()).status == 401)
    #expect(try await station.inspect(Fixtures.clean(), headers: bearer("blm_00")).status == 401)
    #expect(try await station.get("/metrics").status == 401)
    #expect(try await station.get("/health/live").status == 200)
    #expect(try await station.get("/").status == 200)
    let judged = try await station.inspect(Fixtures.clean(), headers: bearer(machine))
    let id = try #require(judged.object["id"] as? Int)
    #expect(try await station.get("/api/inspections", headers: bearer(machine)).status == 403)
    #expect(try await station.get("/api/inspections", headers: bearer(operators)).status == 200)
    let label = Array(#"{"label":"good"}"#.utf8)
    let path = "/api/inspections/\(id)/label"
    #expect(try await station.ask("PUT", path, body: label, headers: bearer(machine)).status == 403)
    let labelled = try await station.ask("PUT", path, body: label, headers: bearer(operators))
    #expect(labelled.object["labelled_by"] as? String == "anna")

    // The page signs in once, and its cookie is of no use to other pages.
    let session = try await station.ask(
      "POST", "/api/session", body: Array(#"{"token":"\#(operators)"}"#.utf8))
    let cookie = try #require(session.headers["set-cookie"])
    #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
    let sent = ["Cookie": String(cookie.prefix { $0 != ";" })]
    #expect(try await station.get("/api/inspections", headers: sent).status == 200)
    let foreign = sent.merging(["Origin": "https://elsewhere.example"]) { $1 }
    #expect(try await station.ask("PUT", path, body: label, headers: foreign).status == 403)
    let own = sent.merging(["Origin": station.url]) { $1 }
    #expect(try await station.ask("PUT", path, body: label, headers: own).status == 200)

    #expect(try program("token", "revoke", "anna", "--data", folder / "data").status == 0)
    #expect(try await station.get("/api/inspections", headers: bearer(operators)).status == 401)
    #expect(try await station.get("/api/inspections", headers: sent).status == 401)
    #expect(!station.errors.contains(machine) && !station.errors.contains(operators))
  }

  @Test func foreignPagesAndNamesAreRefused() async throws {
    let station = try await RunningStation()
    let picture = try Fixtures.clean()
    #expect(try await station.inspect(picture, headers: ["Origin": "http://elsewhere.example"]).status == 403)
    #expect(try await station.inspect(picture, headers: ["Sec-Fetch-Site": "cross-site"]).status == 403)
    #expect(try await station.get("/api/inspections", headers: ["Host": "elsewhere.example"]).status == 421)
    let answer = try await station.get("/")
    #expect(answer.headers["content-security-policy"]?.contains("default-src 'none'") == true)
    #expect(answer.headers["x-content-type-options"] == "nosniff")
  }

  @Test func bodiesAndPicturesAreBounded() async throws {
    let station = try await RunningStation(
      configuration: "limits: {body_mb: 0.5, picture_megapixels: 0.001}\n")
    #expect(try await station.inspect([UInt8](repeating: 0, count: 600_000)).status == 413)
    // A picture of 64 x 64 has more than a thousand pixels.
    let large = try await station.inspect(Fixtures.clean())
    #expect(large.status == 422)
  }

  @Test func slowClientsAreCutOff() async throws {
    let station = try await RunningStation(configuration: "limits: {request_s: 1}\n")
    let port = UInt16(station.url.split(separator: ":").last!)!
    let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(client) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    #expect(connected == 0)
    let head = Array(
      "POST /api/models/part/inspect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n".utf8)
    #expect(send(client, head, head.count, Int32(MSG_NOSIGNAL)) == head.count)
    let start = ContinuousClock.now
    var isOpen = true
    // A byte now and then keeps no connection.
    while isOpen, start.duration(to: .now) < .seconds(20) {
      _ = send(client, [0], 1, Int32(MSG_NOSIGNAL))
      try await Task.sleep(for: .milliseconds(100))
      var byte: UInt8 = 0
      let count = recv(client, &byte, 1, Int32(MSG_DONTWAIT))
      if count == 0 || count < 0 && errno != EAGAIN { isOpen = false }
    }
    #expect(!isOpen)
    #expect(start.duration(to: .now) < .seconds(10))
  }
}
