import BlemishBackbones
import BlemishDatasets
import BlemishFiles
import BlemishSupport
import BlemishSynthesis
import Foundation
import Testing

@testable import BlemishCore
@testable import BlemishDetectors
@testable import BlemishTorch
@testable import BlemishTraining

@Suite struct PatchCoreTests {
  private static func model(
    _ bank: [[Float]], unit: Float = 1, height: Int = 1, width: Int, neighbours: Int = 9, blur: Double = 4
  ) throws -> PatchCore {
    let channels = bank[0].count
    return try PatchCore(
      Parameters([
        "bank": StoredTensor(floats: Array(bank.joined()), shape: [bank.count, channels]),
        "unit": StoredTensor(floats: [unit], shape: [1]),
      ]).root,
      features: FeatureDescription(
        shapes: [FeatureShape(channels: channels, height: height, width: width)], strides: [8]),
      configuration: PatchCore.Configuration(neighbours: neighbours, blur: blur))
  }

  @Test func itIsTheDetectorOfWhitenedFeaturesThatPhotographsTaught() throws {
    let detectors = DetectorCatalogue.standard
    func name(_ backbone: String) throws -> String {
      try detectors.defaultName(on: BackboneCatalogue.standard.named(backbone))
    }
    #expect(try name("efficientnet_lite0") == PatchCore.name)
    for backbone in ["embedded", "mcait", "wide_resnet50_2"] {
      #expect(try name(backbone) == detectors.defaultName)
    }
  }

  @Test func aCoresetTakesTheFarthestPointAgainAndAgain() throws {
    let points = Tensor([0, 1, 10, 4, 9, -3] as [Float], shape: [6, 1])
    // From 0 the farthest is 10, then 4 (4 from 0), then -3 (3 from 0), then 1 before 9 (both 1 away).
    #expect(try GreedyCoreset.indices(6, of: points, first: 0) == [0, 2, 3, 5, 1, 4])
  }

  @Test func aCoresetIsThatOfThePlainAlgorithm() throws {
    var random = RandomStream(seed: 3, name: "points")
    let (count, length, most) = (3000, 5, 200)
    let values = (0..<count * length).map { _ in Float(random.normal()) }
    var chosen = [17]
    var distances = [Float](repeating: .infinity, count: count)
    while chosen.count < most {
      for point in 0..<count {
        var sum: Float = 0
        for k in 0..<length {
          let difference = values[point * length + k] - values[chosen[chosen.count - 1] * length + k]
          sum += difference * difference
        }
        distances[point] = min(distances[point], sum)
      }
      chosen.append(distances.firstIndex(of: distances.max()!)!)
    }
    #expect(try GreedyCoreset.indices(most, of: Tensor(values, shape: [count, length]), first: 17) == chosen)
  }

  @Test func aCoresetEndsWhereAllDifferentPointsAreChosen() throws {
    let points = Tensor([1, 1, 2, 2, 1, 1, 2, 2] as [Float], shape: [4, 2])
    #expect(
      try GreedyCoreset.indices(4, of: points, first: 2) == [2, 1]
        || GreedyCoreset.indices(4, of: points, first: 2) == [2, 0])
  }

  @Test func distancesAreThoseToTheNearestVectors() throws {
    let model = try Self.model([[0, 0], [3, 4], [10, 0]], unit: 2, width: 3)
    // Vectors (0, 1), (3, 4), (9, 2).
    let map = Tensor([0, 3, 9, 1, 4, 2] as [Float], shape: [1, 2, 1, 3])
    let response = model.response(to: [map])
    #expect(response.scales.count == 1 && response.scales[0].shape == [1, 1, 1, 3])
    for (found, expected) in zip(response.scales[0].floats, [0.5, 0, Float(5).squareRoot() / 2]) {
      #expect(abs(found - expected) < 1e-6)
    }
  }

  /// Equation 7, by hand: the vector (9, 2) is nearest to (10, 0); the two nearest of (10, 0) are itself and (3, 4).
  @Test func thePictureScoreIsWeightedByTheNeighboursOfTheNearestVector() throws {
    let model = try Self.model([[0, 0], [3, 4], [10, 0]], unit: 2, width: 3, neighbours: 2)
    let map = Tensor([0, 3, 9, 1, 4, 2] as [Float], shape: [1, 2, 1, 3])
    let (own, other) = (5.0.squareRoot(), 40.0.squareRoot())
    let expected = (1 - exp(own) / (exp(own) + exp(other))) * own / 2
    let response = model.response(to: [map])
    let score = try #require(response.pictureScore).floats
    #expect(score.count == 1 && abs(Double(score[0]) - expected) < 1e-6)
    #expect(model.maps(of: response, height: 4, width: 12).imageScore.floats == score)
  }

  @Test func everyPictureOfABatchIsJudgedAsIfAlone() throws {
    var random = RandomStream(seed: 1, name: "batch")
    func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float(random.normal()) } }
    let model = try Self.model((0..<3000).map { _ in numbers(7) }, height: 40, width: 30)
    let maps = Tensor(numbers(3 * 7 * 1200), shape: [3, 7, 40, 30])
    let all = model.response(to: [maps])
    for picture in 0..<3 {
      let alone = model.response(to: [maps.narrow(0, from: picture, length: 1)])
      let isEqual = alone.scales[0].floats == all.scales[0].select(0, picture).floats
      #expect(isEqual)
      #expect(alone.pictureScore?.floats == [all.pictureScore!.floats[picture]])
    }
  }

  @Test func twoCoarsestOfThreeScalesAreOneMap() throws {
    let shapes = [(16, 64), (24, 32), (40, 16)].map { FeatureShape(channels: $0, height: $1, width: $1) }
    #expect(PatchCore.preparedShapes(of: shapes) == [FeatureShape(channels: 64, height: 32, width: 32)])
    let maps = shapes.map { Tensor.ones([2, $0.channels, $0.height, $0.width]) }
    let prepared = PatchCore.prepared(maps)
    #expect(prepared.map(\.shape) == [[2, 64, 32, 32]])
    // In the corner, four of nine pixels of the pool are the picture's.
    #expect(abs(prepared[0].floats[0] - 4 / 9) < 1e-6)
  }

  @Test func unusableNumbersAreRefused() throws {
    for configuration in [
      PatchCore.Configuration(coresetShare: 0), .init(coresetShare: .nan), .init(mostVectors: 1),
      .init(mostVectors: 1 << 40),
      .init(neighbours: 1), .init(blur: .infinity),
    ] {
      #expect(throws: DetectorError.self) { try configuration.check() }
    }
    #expect(throws: DetectorError.self) { try Self.model([[0, 1]], width: 1) }
    #expect(throws: DetectorError.self) { try Self.model([[0, 1], [1, 0]], unit: 0, width: 1) }
    #expect(throws: ParameterError.self) { try Self.model([[0, .nan], [1, 0]], width: 1) }
  }

  @Test func aLongChoiceCanBeCancelled() async {
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try GreedyCoreset.indices(10, of: Tensor.arange(100).reshape([100, 1]), first: 0)
    }
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test func theBankIsBounded() throws {
    let pictures = HeldFeatures(pictures: 12, channels: 6, side: 8, seed: 5)
    var configuration = PatchCore.Configuration(mostVectors: 20)
    let tensors = try pictures.fit(PatchCore.self, configuration)
    #expect(tensors["bank"]?.shape == [20, 6])
    configuration.mostVectors = 10_000
    #expect(try pictures.fit(PatchCore.self, configuration)["bank"]?.shape == [77, 6])
  }

  /// Vectors of good pictures that are not in the bank have an energy of about 1.
  @Test func theUnitIsTheDistanceOfOtherGoodPictures() throws {
    let pictures = HeldFeatures(pictures: 20, channels: 6, side: 8, seed: 5)
    let tensors = try pictures.fit(PatchCore.self, PatchCore.Configuration())
    let model = try PatchCore(Parameters(tensors).root, features: pictures.description)
    let others = HeldFeatures(pictures: 20, channels: 6, side: 8, seed: 6)
    let energy = model.response(to: try others.batch(Array(0..<20))).scales[0].square().mean().item
    #expect((0.8...1.2).contains(energy))
  }

  @Test func picturesThatAreAllAlikeAreRefused() {
    let pictures = HeldFeatures(maps: Tensor.ones([4, 6, 8, 8]))
    #expect(throws: DetectorError.self) { try pictures.fit(PatchCore.self, PatchCore.Configuration()) }
  }

  @Test func equalSeedsGiveEqualBits() throws {
    let pictures = HeldFeatures(pictures: 12, channels: 6, side: 8, seed: 5)
    let banks = try [0, 0, 1].map {
      try pictures.fit(PatchCore.self, PatchCore.Configuration(), seed: $0)["bank"]!.bytes
    }
    #expect(banks[0] == banks[1] && banks[0] != banks[2])
  }
}

/// Feature maps in memory.
struct HeldFeatures: FeatureSource {
  let maps: Tensor

  init(maps: Tensor) { self.maps = maps }

  /// Standard normal ones.
  init(pictures: Int, channels: Int, side: Int, seed: UInt64) {
    var random = RandomStream(seed: seed, name: "features")
    let shape = [pictures, channels, side, side]
    maps = Tensor((0..<shape.reduce(1, *)).map { _ in Float(random.normal()) }, shape: shape)
  }

  var count: Int { maps.size(0) }
  var shapes: [FeatureShape] {
    [FeatureShape(channels: maps.size(1), height: maps.size(2), width: maps.size(3))]
  }
  var description: FeatureDescription { FeatureDescription(shapes: shapes, strides: [8]) }
  func batch(_ indices: [Int]) throws -> [Tensor] {
    [maps.indexSelect(0, Tensor(indices.map(Int64.init), shape: [indices.count]))]
  }

  func fit<Fitted: OnePassFitted>(
    _ type: Fitted.Type, _ configuration: Fitted.Configuration, seed: UInt64 = 0
  ) throws -> [String: StoredTensor] {
    try type.fit(to: self, features: description, configuration: configuration, seed: seed) { _ in }
  }
}

/// Both detectors, from pictures to verdicts.
@Suite(.serialized) struct PatchCoreAndPaDiMTrainingTests {
  private static func withModel(
    _ detector: String, _ material: PartMaterial = .cloth, pictures: Int, backbone: String = "seeded",
    size: Int = 64,
    tile: Int? = nil, _ body: (Model, String) throws -> Void
  ) throws {
    let folder = NSTemporaryDirectory() + "/blemish-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try GeneratedParts(
      materials: [material], size: size, trainingPictures: pictures, goodTestPictures: 6, picturesPerDefect: 3
    ).write(to: folder)
    var options = TrainingOptions()
    options.detector = detector
    options.backbone = backbone
    options.tunes = false
    options.size = .side(size)
    options.tile = tile
    // Two pictures at least are needed to learn from how much good ones differ.
    options.heldOut = max(0.2, 2 / Double(pictures))
    let data = folder + "/" + material.rawValue
    let session = try TrainingSession(
      try Dataset.read(data), at: data, output: folder + "/model", options: options
    ) { _ in }
    #expect(try session.run() == .finished)
    try body(session.model, folder + "/model")
  }

  @Test(arguments: ["patchcore", "padim"], [PartMaterial.cloth, .wood])
  func findsPlantedDefects(_ detector: String, _ material: PartMaterial) throws {
    try Self.withModel(detector, material, pictures: 20) { model, path in
      let data = (path as NSString).deletingLastPathComponent + "/" + material.rawValue
      let test = try Dataset.read(data).test
      #expect(try model.pixelAUROC(on: test).auroc > 0.75)
      var options = InspectionOptions()
      options.falseAlarms = 0.1
      let good = test.filter { !$0.isAnomalous }
      let inspections = try good.map { try model.inspect(contentsOf: $0.path, options: options) }
      #expect(inspections.count { $0.verdict == .anomalous } <= 2)
      let read = try Model(contentsOf: path)
      #expect(
        try read.inspect(contentsOf: good[0].path).anomalyMap.values == inspections[0].anomalyMap.values)
    }
  }

  @Test(arguments: ["patchcore", "padim"], ["embedded", "seeded", "resnet18"])
  func fivePicturesAreEnough(_ detector: String, _ backbone: String) throws {
    guard backbone != "resnet18" else {
      // Its weights are not at hand: they are drawn.
      try Self.withDrawnBackbone(detector, backbone)
      return
    }
    try Self.withModel(detector, pictures: 5, backbone: backbone) { model, _ in
      #expect(model.configuration.background != nil)
    }
  }

  private static func withDrawnBackbone(_ detector: String, _ backbone: String) throws {
    let model = try Model(
      DetectorCatalogue.standard.named(detector), nil, BackboneCatalogue.standard.named(backbone),
      weights: nil,
      height: 64,
      width: 64, precision: .float32, parameters: Parameters(seed: 0))
    let evidence = model.evidence(in: Tensor.randn([2, 3, 64, 64]))
    let maps = evidence.maps(of: model.detector, height: 64, width: 64)
    #expect(maps.localization.shape == [2, 64, 64] && maps.imageScore.shape == [2])
    #expect(maps.localization.isFinite && maps.imageScore.isFinite)
  }

  @Test(arguments: ["patchcore", "padim"]) func picturesCanBeSeenInTiles(_ detector: String) throws {
    try Self.withModel(detector, pictures: 6, size: 96, tile: 64) { model, path in
      let picture = (path as NSString).deletingLastPathComponent + "/cloth/test/good/000.png"
      let inspection = try model.inspect(contentsOf: picture)
      #expect(inspection.score.isFinite && inspection.logNFA.isFinite)
      #expect(inspection.anomalyMap.height == 96)
    }
  }
}
