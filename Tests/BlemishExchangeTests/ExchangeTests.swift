@testable import BlemishTraining
import BlemishBackbones
import BlemishFiles
import BlemishTorch
import Foundation
import GoldenCases
import TestSupport
import Testing

@testable import BlemishCore
@testable import BlemishDetectors
@testable import BlemishExchange

@Suite(.serialized) struct ExchangeTests {
  private let pictures: TabletPictures

  init() throws { pictures = try TabletPictures(count: 8) }

  private func path(_ name: String) -> String { "\(pictures.folder)/\(name)" }

  /// A model on tuned weights of the embedded backbone, which the published code does not know.
  private func tunedModel() throws -> Model {
    let embedded = try BackboneCatalogue.standard.named("embedded")
    let model = try Model(
      detector: UFlow.self, backbone: embedded, height: 64, width: 64, precision: .auto,
      parameters: Parameters(seed: 1))
    return try model.replacingBackbone(
      embedded,
      EmbeddedWeights.stateDict().mapValues { tensor in
        tensor.shape.count > 1 ? Tensor(tensor).mul_(1.1).to(.float16).stored : tensor
      })
  }

  @Test func tunedWeightsTravelInACheckpoint() throws {
    let model = try tunedModel()
    let picture = Tensor([
      try model.configuration.preprocessor(contentsOf: pictures.data + "/test/good/000.png")
    ])
    let expected = model.features(of: picture).map(\.floats)
    for ending in ["ckpt", "safetensors"] {
      _ = try model.export(to: path("out.\(ending)"))
      var options = ImportOptions()
      options.size = .exact(height: 64, width: 64)
      let imported = try ImportedModel(contentsOf: path("out.\(ending)"), options: options)
      #expect(imported.model.features(of: picture).map(\.floats) == expected)
      #expect(
        imported.model.evidence(in: picture).joined.map(\.floats)
          == model.evidence(in: picture).joined.map(\.floats))
      #expect(!imported.notes.contains { $0.contains("passed over") }, "\(imported.notes)")
    }
    var bare = ExportOptions()
    bare.includesBackbone = false
    _ = try model.export(to: path("bare.ckpt"), options: bare)
    let notes = try ImportedModel(contentsOf: path("bare.ckpt")).notes
    #expect(notes.contains { $0.contains("does not hold the weights of the backbone") }, "\(notes)")
  }

  /// What is wrong with an exchange, as a case.
  private func problem(_ body: () throws -> Void) -> ExchangeError? {
    do {
      try body()
      return nil
    } catch let error as ModelFileError {
      guard case .exchange(let problem) = error.problem else { return nil }
      return problem as? ExchangeError
    } catch {
      return error as? ExchangeError
    }
  }

  @Test func whatCannotBeExchangedIsSaidByItsCase() throws {
    let model = try tunedModel()
    guard case .unknownKind(_, let known)? = problem({ _ = try model.export(to: path("model.onnx")) }) else {
      Issue.record("an unknown kind is written")
      return
    }
    #expect(known == Model.exportExtensions)
    try model.write(to: path("model"))
    guard case .alreadyAModel? = problem({ _ = try ImportedModel(contentsOf: path("model")) }) else {
      Issue.record("a model is imported")
      return
    }
    _ = try model.export(to: path("out.ckpt"))
    var options = ImportOptions()
    options.size = .own
    guard
      case .noOwnSize? = problem({ _ = try ImportedModel(contentsOf: path("out.ckpt"), options: options) })
    else {
      Issue.record("a size of its own is found")
      return
    }
    options.size = nil
    options.backbone = "resnet18"
    guard
      case .unfitBackbone("resnet18", _, let fitting)? = problem({
        _ = try ImportedModel(contentsOf: path("out.ckpt"), options: options)
      })
    else {
      Issue.record("another backbone is taken")
      return
    }
    #expect(fitting == ["embedded"])
    var whole = ExportOptions()
    whole.wholeBackbone = [path("others")]
    try SafeTensors.write(WeightFile(tensors: EmbeddedWeights.stateDict(), metadata: [:]), to: path("others"))
    guard case .otherWeights? = problem({ _ = try model.export(to: path("whole.ckpt"), options: whole) })
    else {
      Issue.record("other weights are taken")
      return
    }
    #expect(!FileManager.default.fileExists(atPath: path("whole.ckpt")))
  }

  @Test func aCheckpointOfOtherCodeIsAnErrorThatNamesItsTensors() throws {
    try SafeTensors.write(
      WeightFile(tensors: ["other.weight": StoredTensor(floats: [1], shape: [1])]),
      to: path("other.safetensors"))
    let error = #expect(throws: ModelFileError.self) {
      try ImportedModel(contentsOf: path("other.safetensors"))
    }
    guard case .exchange(CheckpointError.otherCode(_, ["other.weight"], 1))? = error?.problem else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
