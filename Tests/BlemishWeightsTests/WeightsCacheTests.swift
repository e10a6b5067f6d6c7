import BlemishSupport
import BlemishDatasets
import BlemishFiles
import Foundation
import GoldenCases
import Testing

@testable import BlemishBackbones
@testable import BlemishWeights

@Suite struct WeightsCacheTests {
  @Test(arguments: [
    (["BLEMISH_HOME": "/b", "XDG_DATA_HOME": "/x", "HOME": "/h"], "/b/backbones"),
    (["BLEMISH_HOME": "", "XDG_DATA_HOME": "/x", "HOME": "/h"], "/x/blemish/backbones"),
    (["XDG_DATA_HOME": "relative", "HOME": "/h"], "/h/.local/share/blemish/backbones"),
    (["HOME": "/h"], "/h/.local/share/blemish/backbones"),
  ])
  func liesWhereTheEnvironmentSays(environment: [String: String], folder: String) {
    #expect(WeightCache(environment: environment).folder == folder)
  }

  @Test func importsWhatTheBackboneUsesWhateverStandsBeforeTheNames() throws {
    for prefix in ["", "module.", "model.", "state.backbone."] {
      let fixture = try WeightsFixture()
      let path = try fixture.write(
        Dictionary(uniqueKeysWithValues: fixture.tensors.map { (prefix + $0, $1) })
      )
      let imported = try fixture.cache().importFile(path)
      #expect(imported.map(\.name) == ["tiny"])
      let file = try SafeTensors.read(try #require(imported.first).path)
      #expect(file.tensors.keys.sorted() == ["stem.bias", "stem.weight"])
      #expect(file.metadata["source"] == path)
      #expect(file.metadata["sha256"] == imported.first?.hash)
      #expect(imported.first?.check == (prefix.isEmpty ? .agrees(digits: 64) : .differs))
    }
  }

  @Test(arguments: [("embedded", "are in the program"), ("seeded", "drawn from a fixed seed")])
  func saysWhereWeightsAreThatNobodyPublished(_ name: String, _ where: String) throws {
    let error = #expect(throws: WeightsError.self) { try WeightCache().components(named: name) }
    #expect(error?.description.contains(`where`) == true, "\(error?.description ?? "")")
  }

  @Test func saysWhatIsWrongWithAFile() throws {
    let fixture = try WeightsFixture()
    func expectRefusal(
      _ word: String,
      as name: String? = nil,
      _ change: (inout [String: StoredTensor]) -> Void
    ) throws {
      var tensors = fixture.tensors
      change(&tensors)
      let path = try fixture.write(tensors)
      let error = #expect(throws: WeightsError.self) { try fixture.cache().importFile(path, as: name) }
      #expect(
        error?.description.contains(path) == true && error?.description.contains(word) == true,
        "\(error as Any)"
      )
      #expect(fixture.cached == [])
    }
    try expectRefusal("no tensor 'stem.bias'") { $0["stem.bias"] = nil }
    try expectRefusal("'stem.bias' has shape [1]") { $0["stem.bias"] = StoredTensor(floats: [1], shape: [1]) }
    try expectRefusal("'stem.bias' holds a NaN") {
      $0["stem.bias"] = StoredTensor(floats: [.nan] + [Float](repeating: 0, count: 99), shape: [100])
    }
    try expectRefusal("stem.extra") { $0["stem.extra"] = StoredTensor(floats: [1], shape: [1]) }
    try expectRefusal("deeper") { $0["stem2.weight"] = StoredTensor(floats: [1], shape: [1]) }
    try expectRefusal("'stem.weight' of shape [100, 300] but of shape [1]", as: "tiny") {
      $0["stem.weight"] = StoredTensor(floats: [1], shape: [1])
    }
    try expectRefusal("2 times") { $0.merge(fixture.tensors.map { ("ema.\($0)", $1) }) { $1 } }
    #expect(throws: WeightsError.self) { try fixture.cache().importFile("/etc/passwd", as: "resnet1") }
    #expect(throws: DataFileError.self) { try fixture.cache().importFile("/etc/passwd") }
    #expect(throws: FileSystemError.missing(path: "/nowhere/weights")) {
      try fixture.cache().importFile("/nowhere/weights")
    }
  }

  @Test func publishedFilesAreToldApartByTheirShapes() throws {
    let names = BackboneCatalogue.standard.components.map(\.name)
    let published = try Golden.json("backbone/state_dict_keys.json").object
    // EfficientNetLiteTests tells those apart that are not among the recorded ones.
    #expect(names.allSatisfy { published[$0] != nil || $0.hasPrefix("efficientnet_lite") })
    for (name, shapes) in published {
      let stateDict = try shapes.object.mapValues { shape in
        let shape = try shape.integers
        return try StoredTensor(elementType: .uint8, shape: shape, bytes: Data(count: shape.reduce(1, *)))
      }
      let found = try BackboneCatalogue.standard.components.filter { try $0.tensors(in: stateDict) != nil }
      #expect(found.map(\.name) == (names.contains(name) ? [name] : []))
    }
  }

  @Test func theUsualBackboneIsAPreferredOneWhereItsWeightsAre() throws {
    let fixture = try WeightsFixture()
    let cache = WeightCache(environment: fixture.environment)
    let catalogue = BackboneCatalogue.standard
    #expect(catalogue.usual(in: cache)?.name == catalogue.defaultName)
    let preferred = try catalogue.named(try #require(catalogue.preferredNames.first))
    try FileManager.default.createDirectory(atPath: cache.folder, withIntermediateDirectories: true)
    try Data([0]).write(to: URL(fileURLWithPath: "\(cache.folder)/\(preferred.components[0].name).pth"))
    #expect(catalogue.usual(in: cache)?.name == preferred.name)
  }

  @Test func aWholeResNetIsImportedAndFoundByItsBackbone() throws {
    let fixture = try WeightsFixture()
    let cache = WeightCache(environment: fixture.environment)
    let keys = try #require(Golden.json("backbone/state_dict_keys.json").object["resnet18"]).object
    let tensors = try Dictionary(
      uniqueKeysWithValues: keys.map { key, shape in
        ("module.\(key)", try Golden.weight(prefix: "resnet18", key: key, shape: shape.integers))
      }
    )
    let imported = try cache.importFile(try fixture.write(tensors))
    #expect(imported.map(\.name) == ["resnet18"])
    let description = try BackboneCatalogue.standard.named("resnet18")
    let weights = try description.cachedWeights(in: cache)
    #expect(weights.map(\.path) == imported.map(\.path))
    _ = try description.build(description.stateDict(from: weights.map(\.file)))
    #expect(try BackboneCatalogue.standard.named("resnet34").cachedWeights(in: cache).isEmpty)
    // Its blocks are resnet34's first, which must not pass for it.
    do {
      _ = try BackboneCatalogue.standard.named("resnet34").stateDict(from: weights.map(\.file))
      Issue.record("resnet18's blocks passed for resnet34's")
    } catch BackboneError.wrongWeights(component: "resnet34", difference: _, source: _) {}
  }

  @Test func everyPublishedFileHasASourceAndTorchvisionsAHash() {
    for component in BackboneCatalogue.standard.components {
      let source = component.source
      #expect(URL(string: source.address)?.scheme == "https")
      #expect(source.bytes > 1_000_000 && !source.licence.isEmpty)
      guard source.address.contains("pytorch.org") else { continue }
      let digits = source.address.split(separator: "-").last?.split(separator: ".").first
      #expect(source.hash?.prefix(8) == digits)
    }
  }

  @Test(
    arguments: [
      (["HTTPS_PROXY": "http://p:3128"], "https://a.org/f", "p:3128"),
      (["https_proxy": "p:3128"], "https://a.org/f", "p:3128"),
      (["https_proxy": "p:1", "HTTPS_PROXY": "q:2"], "https://a.org/f", "p:1"),
      (["HTTP_PROXY": "http://p"], "http://a.org/f", "p:80"),
      (["HTTP_PROXY": "http://p"], "https://a.org/f", nil),
      (["ALL_PROXY": "http://[::1]:9"], "https://a.org/f", "::1:9"),
      (["HTTPS_PROXY": "http://p:1", "NO_PROXY": "b.org, a.org"], "https://a.org/f", nil),
      (["HTTPS_PROXY": "http://p:1", "no_proxy": ".a.org"], "https://cdn.A.org/f", nil),
      (["HTTPS_PROXY": "http://p:1", "NO_PROXY": "a.org"], "https://nota.org/f", "p:1"),
      (["HTTPS_PROXY": "http://p:1", "NO_PROXY": "a.org:8080"], "https://a.org/f", "p:1"),
      (["HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"], "https://a.org/f", nil),
      (["HTTPS_PROXY": "", "HTTP_PROXY": ""], "https://a.org/f", nil),
    ] as [([String: String], String, String?)]
  )
  func proxiesAreTakenFromTheEnvironment(environment: [String: String], address: String, expected: String?)
    throws
  {
    #expect(try proxy(for: address, environment: environment).map { "\($0.host):\($0.port)" } == expected)
  }

  @Test func aProxyKeepsItsKindAndCredentials() throws {
    func named(_ value: String) throws -> Proxy? {
      try proxy(for: "https://a.org", environment: ["ALL_PROXY": value])
    }
    let whole = try named("http://us%40er:wo%3Ard@[::1]:9")
    #expect(whole?.address == "http://[::1]:9" && whole?.user == "us@er" && whole?.password == "wo:rd")
    #expect(try named("socks5://p")?.address == "socks5h://p:1080")
    #expect(try named("p")?.user == nil)
  }

  @Test(arguments: ["ftp://p:1", "http://", "http://[", "https://p:443"])
  func aProxyThatIsNoneIsRefused(value: String) {
    let error = #expect(throws: WeightsError.self) {
      try proxy(for: "https://a.org", environment: ["HTTPS_PROXY": value])
    }
    guard case .address(_, value, _)? = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
