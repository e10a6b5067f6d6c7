import BlemishFiles
import BlemishTorch
import Foundation
import GoldenCases
import Testing

@testable import BlemishBackbones

@Suite struct CatalogueTests {
  /// Halves the picture's size and gives its colours as they are: a backbone as a package outside writes one.
  private struct Halving: Backbone {
    var channels: [Int] { [3] }
    var strides: [Int] { [2] }
    let gain: Tensor

    func callAsFunction(_ images: Tensor) -> [Tensor] {
      [images.avgPool2d(2, stride: 2, padding: 0) * gain]
    }
  }

  private static let halving = BackboneDescription(
    name: "halving",
    components: [
      BackboneDescription.Component(
        name: "halving_weights",
        source: .init(address: "https://example.org/halving", bytes: 100, licence: "none", hash: nil),
        marks: [("gain", [1])], uses: { $0 == "gain" },
        build: { _ = try $0.constant("gain", [1], .constant(1)) })
    ],
    channels: [3], strides: [2], defaultSize: 64, sizeMultiple: 2, featureScale: .raw
  ) { path, _ in Halving(gain: try path.constant("gain", [1], .constant(1))) }

  @Test func aBackboneFromOutsideIsBuiltFromItsFile() throws {
    let catalogue = try BackboneCatalogue.standard.adding(Self.halving)
    #expect(catalogue.all.count == BackboneCatalogue.standard.all.count + 1)
    #expect(catalogue.components.map(\.name).contains("halving_weights"))
    #expect(catalogue.defaultName == BackboneCatalogue.standard.defaultName)
    let description = try catalogue.named("halving")
    let file = WeightFile(tensors: [
      "model.gain": StoredTensor(floats: [3], shape: [1]),
      "model.other": StoredTensor(floats: [1], shape: [1]),
    ])
    let backbone = try description.build(description.stateDict(from: [file]))
    let images = Tensor.ones([1, 3, 4, 4])
    let map = backbone(images)[0].floats
    #expect(map == [Float](repeating: 3, count: 12))
    let generated = try description.buildGenerated()
    let generatedMap = generated(images)[0].floats
    #expect(generatedMap == [Float](repeating: 1, count: 12))
  }

  @Test func namesAreKnownOnce() {
    #expect(throws: BackboneError.alreadyKnown(name: "halving")) {
      try BackboneCatalogue.standard.adding(Self.halving, Self.halving)
    }
    let known = BackboneCatalogue.standard.all.map(\.name)
    #expect(throws: BackboneError.unknown(name: "halving", known: known)) {
      try BackboneCatalogue.standard.named("halving")
    }
  }

  @Test func theDefaultIsTheOneWithWeightsInTheProgram() throws {
    let description = try BackboneCatalogue.standard.named(BackboneCatalogue.standard.defaultName)
    #expect(description.name == (EmbeddedWeights.arePresent ? "embedded" : "seeded"))
    #expect(description.components.isEmpty)
  }

  @Test func featuresAreRawUnlessTheNetworkEndsInANormOrIsWhitened() {
    let normalised = BackboneCatalogue.standard.all.filter { $0.featureScale == .normalised }
    #expect(normalised.map(\.name) == ["embedded", "mcait"] + (0...2).map { "efficientnet_lite\($0)" })
    #expect(normalised.filter(\.isWhitened).map(\.name) == normalised.map(\.name).filter { $0 != "mcait" })
  }

  @Test func whatIsWrongWithFilesIsACase() throws {
    let resnet = try BackboneCatalogue.standard.named("resnet18")
    let component = resnet.components[0]
    #expect(
      throws: BackboneError.missingWeights(
        backbone: "resnet18", component: "resnet18", source: component.source)
    ) { try resnet.stateDict(from: []) }
    let empty = WeightFile(tensors: [:])
    let difference = BackboneDescription.Component.Difference.missing(
      name: "layer3.1.conv1.weight", shape: [256, 256, 3, 3], found: [])
    #expect(
      throws: BackboneError.wrongWeights(
        component: "resnet18", difference: difference, source: component.source)
    ) { try resnet.stateDict(from: [empty]) }
    #expect(
      throws: BackboneError.noFileFits(component: "resnet18", files: 2, source: component.source)
    ) { try resnet.stateDict(from: [empty, empty]) }
    let mark = StoredTensor(floats: [Float](repeating: 0, count: 1), shape: [1])
    let twice = WeightFile(tensors: ["a.gain": mark, "b.gain": mark])
    #expect(throws: BackboneError.repeatedComponent(name: "halving_weights", prefixes: ["a.", "b."])) {
      try Self.halving.stateDict(from: [twice])
    }
  }

  /// The library says what is the case; how to go on is the tool's to say.
  @Test func messagesNameNoCommandsOrFlags() {
    let source = BackboneDescription.Component.Source(
      address: "https://example.org", bytes: 1, licence: "", hash: nil)
    let errors: [BackboneError] = [
      .unknown(name: "a", known: ["b"]), .alreadyKnown(name: "a"),
      .missingWeights(backbone: "a", component: "b", source: source),
      .wrongWeights(component: "a", difference: .deeper(name: "b"), source: source),
      .noFileFits(component: "a", files: 2, source: source), .takesNoWeights(backbone: "a"),
      .takesOneFile(backbone: "a", files: 2), .repeatedComponent(name: "a", prefixes: ["b", "c"]),
      .stages(found: 1, allowed: 3...4), .incompleteWhitening(maps: 1, needed: 3),
    ]
    for error in errors {
      #expect(!error.description.contains("--") && !error.description.contains("blemish "))
      #expect(error.description.hasSuffix(".") && error.description.first?.isUppercase == true)
    }
  }

  @Test func paddingIsStoredByItsName() throws {
    let data = try JSONEncoder().encode([Padding.zeros, .reflection])
    #expect(String(decoding: data, as: UTF8.self) == #"["zeros","reflection"]"#)
    #expect(try JSONDecoder().decode([Padding].self, from: data) == [.zeros, .reflection])
  }
}
