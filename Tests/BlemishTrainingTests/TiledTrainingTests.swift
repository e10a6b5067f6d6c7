import BlemishSupport
import BlemishDatasets
import BlemishDetectors
import BlemishSynthesis
import BlemishTorch
import Foundation
import TestSupport
import Testing

@testable import BlemishCore
@testable import BlemishTraining

@Suite(.serialized) struct TiledTrainingTests {
  private let pictures: TabletPictures

  init() throws { pictures = try TabletPictures(count: 6) }

  private var picture: String { pictures.data + "/test/good/000.png" }

  private func train(_ detector: String = "uflow", tile: Int, size: RequestedSize? = nil) throws -> Model {
    var options = TabletPictures.options()
    options.detector = detector
    options.schedule?.epochs = 1
    options.tile = tile
    options.size = size
    let session = try pictures.session("model", options)
    #expect(try session.run() == .finished)
    return session.model
  }

  @Test(arguments: ["uflow", "msflow"]) func seesPicturesAtTheirOwnSizeInTiles(_ detector: String) throws {
    let size = RequestedSize.exact(height: 128, width: 160)
    let model = try train(detector, tile: 64, size: size)
    #expect(model.configuration.features.allSatisfy { $0.height == $0.width && $0.height <= 64 })
    #expect(model.configuration.mapHeight == 128 && model.configuration.mapWidth == 160)
    let picture = try model.configuration.preprocessor(contentsOf: picture)
    let inspection = try model.inspect([picture])[0]
    #expect(inspection.anomalyMap.height == 128 && inspection.anomalyMap.width == 160)
    #expect(inspection.logNFA.isFinite)
    let read = try Model(contentsOf: pictures.folder + "/model")
    var configuration = read.configuration
    configuration.file = nil
    #expect(configuration == model.configuration)
    #expect(try read.inspect([picture])[0].anomalyMap.values == inspection.anomalyMap.values)
  }

  @Test func theEvidenceOfTilesBecomesThatOfThePicture() throws {
    var options = TabletPictures.options()
    options.backbone = "embedded"
    options.tunes = false
    options.schedule?.epochs = 1
    options.tile = 64
    options.size = .exact(height: 128, width: 160)
    let session = try pictures.session("evidence", options)
    #expect(try session.run() == .finished)
    let picture = try session.model.configuration.preprocessor(contentsOf: picture)
    let evidence = try #require(session.model.evidence(in: Tensor([picture])).ofBackbone)
    #expect(evidence.shape == [1, 1, 32, 40])
    // The first cells are seen by the first tile alone.
    let tile = Tensor([picture]).narrow(2, from: 0, length: 64).narrow(3, from: 0, length: 64)
    let alone = try #require(
      withoutGradient { session.model.backbone.featuresAndEvidence(of: tile).evidence })
    #expect(abs(evidence.floats[0] - alone.floats[0]) < 1e-4)
    #expect(try session.model.inspect([picture])[0].anomalyMap.values.allSatisfy { (0...1).contains($0) })
  }

  @Test func aTileAsLargeAsThePictureSeesItWhole() throws {
    let tiled = try train(tile: 64)
    #expect(tiled.configuration.height == 64 && tiled.configuration.tiles?.count == 1)
    let images = Tensor([try tiled.configuration.preprocessor(contentsOf: picture)])
    let whole = withoutGradient { tiled.detector.response(to: UFlow.prepared(tiled.features(of: images))) }
    #expect(tiled.evidence(in: images).response.scales.map(\.floats) == whole.scales.map(\.floats))
  }

  /// What changes in one tile changes the map there, and nowhere that other tiles alone see.
  @Test func whatIsInATileIsFoundThere() throws {
    let model = try train(tile: 64, size: .exact(height: 64, width: 192))
    let images = Tensor([try model.configuration.preprocessor(contentsOf: picture)])
    let changed = images.clone()
    _ = changed.narrow(2, from: 24, length: 12).narrow(3, from: 150, length: 12).add_(3)
    func response(_ images: Tensor) -> Tensor { model.evidence(in: images).response.scales[0] }
    let change = (response(changed) - response(images)).square().sum([1]).sum([1]).floats
    let strongest = change.firstIndex(of: change.max() ?? 0) ?? 0
    #expect(strongest * 192 / change.count >= 128)
    // The last tile begins at column 128; the one before it is faded into it, and sees the change as well.
    #expect(change.prefix(change.count / 3).allSatisfy { $0 == 0 })
    #expect(change[strongest] > 0)
  }

  @Test(arguments: [0, 32, 65, -64]) func refusesTilesThatAreNone(_ side: Int) throws {
    #expect(throws: PictureSizeError.tile(side, multiple: 32, least: 64)) {
      try train(tile: side, size: .side(128))
    }
  }

  @Test func featuresAreTheSameWhereverTheyComeFrom() throws {
    let model = try train(tile: 64, size: .side(128))
    let paths = try Dataset.read(pictures.data).train.prefix(3).map(\.path)
    let read = try TrainingPictures.read(paths, [model.configuration.preprocessor], memoryLimit: 1 << 30)[0]
    let kept = try TrainingFeatures(of: read, Array(paths.indices), model: model)
    let anew = try TrainingFeatures(of: read, Array(paths.indices), model: model, memoryLimit: 0)
    #expect(kept.count == paths.count * (model.configuration.tiles?.count ?? 0) && kept.count > paths.count)
    let order = Array((0..<kept.count).reversed().prefix(7))
    #expect(try kept.batch(order).map(\.floats) == anew.batch(order).map(\.floats))
  }
}
