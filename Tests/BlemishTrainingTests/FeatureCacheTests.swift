import BlemishBackbones
import BlemishSupport
import BlemishTorch
import Foundation
import TestSupport
import Testing

@testable import BlemishCore
@testable import BlemishDetectors
@testable import BlemishTraining

@Suite("Features on disk") struct FeatureCacheTests {
  private let pictures: TabletPictures
  private let paths: [String]
  private let folder: String

  init() throws {
    pictures = try TabletPictures(count: 6)
    let good = pictures.data + "/train/good"
    paths = try FileManager.default.contentsOfDirectory(atPath: good).sorted().map { good + "/" + $0 }
    folder = pictures.folder + "/features"
  }

  private func model(size: Int = 64, precision: Precision = .float32) throws -> Model {
    try Model(
      detector: UFlow.self, backbone: try BackboneCatalogue.standard.named("seeded"), weights: [],
      height: size,
      width: size, parameters: Parameters(seed: 1, productType: precision.elementType))
  }

  private func cache(
    limit: Int = 1 << 30, reserve: Int = 1 << 20
  ) throws -> FeatureCache {
    try FeatureCache(folder: folder, limit: limit, reserve: reserve)
  }

  private var files: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { folder + "/" + $0 }
    }
  }

  /// The features of all pictures, and how many of them came from the cache.
  private func features(
    _ cache: FeatureCache?, _ model: Model, precision: FeaturePrecision = .float16, memoryLimit: Int = .max,
    note: (String) -> Void = { _ in }
  ) throws -> (values: [[Float]], found: Int) {
    let known = cache == nil ? [] : Set((try? files) ?? [])
    let all = try read(model)
    let features = try TrainingFeatures(
      of: all, Array(paths.indices), model: model, precision: precision, cache: cache,
      memoryLimit: memoryLimit,
      note: note)
    let found = all.hashes.count { hash in
      known.contains(
        folder + "/" + FeatureCache.Key(network: model.featureIdentity(precision), picture: hash).fileName)
    }
    return (try features.batch(Array(paths.indices)).map(\.floats), found)
  }

  /// The pictures as a training reads them.
  private func read(_ model: Model) throws -> TrainingPictures {
    try TrainingPictures.read(paths, [model.configuration.preprocessor], memoryLimit: 1 << 30)[0]
  }

  /// Features of all pictures.
  private func trainingFeatures(
    _ model: Model, precision: FeaturePrecision = .float16, cache: FeatureCache? = nil,
    memoryLimit: Int = .max
  ) throws -> TrainingFeatures {
    try TrainingFeatures(
      of: read(model), Array(paths.indices), model: model, precision: precision, cache: cache,
      memoryLimit: memoryLimit)
  }

  /// The pictures as the backbone sees them.
  private func images(_ model: Model) throws -> Tensor {
    Tensor(try paths.map { try model.configuration.preprocessor(contentsOf: $0) })
  }

  @Test func areTheSameWhereverTheyComeFrom() throws {
    let model = try model()
    let computed = try features(nil, model, memoryLimit: 0).values
    #expect(try features(nil, model).values == computed)
    #expect(try features(cache(), model).values == computed)
    #expect(try files.count == paths.count)
    let again = try features(cache(), model)
    #expect(again.values == computed)
    #expect(again.found == paths.count)
  }

  @Test func differFromTheBackbonesByTheirRounding() throws {
    let model = try model()
    let kept = try features(cache(), model).values
    let images = try images(model)
    for (map, values) in zip(model.features(of: images), kept) {
      let exact = map.floats
      let largest = zip(exact, values).map { abs($0 - $1) - abs($0) * 0x1p-11 }.max() ?? 0
      // The backbone's own rounding depends a little on how many pictures it sees at a time.
      #expect(largest < 2e-5)
    }
  }

  @Test func areAsTheBackboneGivesThemWhereTheyAreToBe() throws {
    let model = try model()
    let rounded = try features(cache(), model).values
    let sizes = try files.map { try Data(contentsOf: URL(fileURLWithPath: $0)).count }
    let kept = try features(cache(), model, precision: .float32)
    #expect(kept.found == 0)
    #expect(try files.count == 2 * paths.count)
    let all = try files.map { try Data(contentsOf: URL(fileURLWithPath: $0)).count }.reduce(0, +)
    let digests = paths.count * 32
    #expect(all - 2 * digests == 3 * (sizes.reduce(0, +) - digests))
    let exact = try features(nil, model, precision: .float32, memoryLimit: 0).values
    #expect(kept.values == exact)
    #expect(exact != rounded)
    #expect(exact.map { $0.map { Float(Float16($0)) } } == rounded)
  }

  @Test func arePooledAsMSFlowTakesThem() throws {
    let model = try Model(
      detector: MSFlow.self, backbone: try BackboneCatalogue.standard.named("seeded"), weights: [],
      height: 64,
      width: 64, parameters: Parameters(seed: 1))
    let kept = try features(cache(), model, precision: .float32).values
    let images = try images(model)
    let pooled = withoutGradient { MSFlow.prepared(model.features(of: images)) }
    for (map, values) in zip(pooled, kept) {
      #expect(zip(map.floats, values).map { abs($0 - $1) }.max() ?? 1 < 2e-5)
    }
    // U-Flow's of the same network are others.
    #expect(try features(cache(), self.model(), precision: .float32).found == 0)
  }

  @Test func serveTheBackgroundAsTheBackboneDoes() throws {
    for tile in [nil, 64] {
      let model = try Model(
        detector: UFlow.self, backbone: try BackboneCatalogue.standard.named("seeded"), weights: [],
        height: 64,
        width: 96, tile: tile, parameters: Parameters(seed: 1))
      let kept = try trainingFeatures(model, precision: .float32)
      let (own, seen) = (
        try model.learnBackground(from: kept, source: .heldOut),
        try LearntBackground(learningFrom: model.measure(paths).energies, source: .heldOut)
      )
      #expect(own.test.pictures == paths.count)
      for (law, expected) in zip(own.test.energies, seen.test.energies) {
        #expect(zip(law.means, expected.means).allSatisfy { abs($0 - $1) < 1e-3 })
        #expect(abs(law.deviation - expected.deviation) < 1e-3)
      }
    }
  }

  @Test func areComputedAnewWhereAFileIsDamaged() throws {
    let model = try model()
    let whole = try features(cache(), model).values
    let all = try files
    var bytes = try Data(contentsOf: URL(fileURLWithPath: all[0]))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(fileURLWithPath: all[0]))
    let other = try Data(contentsOf: URL(fileURLWithPath: all[1]))
    try other.prefix(other.count / 2).write(to: URL(fileURLWithPath: all[1]))
    try Data().write(to: URL(fileURLWithPath: all[2]))
    // One picture's features under another's name.
    try other.write(to: URL(fileURLWithPath: all[3]))
    #expect(try features(cache(), model).values == whole)
    let again = try features(cache(), model)
    #expect(again.values == whole)
    #expect(again.found == paths.count)
  }

  @Test func areNotTakenForThoseOfAnotherNetworkOrPicture() throws {
    _ = try features(cache(), model())
    for other in [try model(size: 128), try model(precision: .bfloat16)] {
      #expect(try features(cache(), other).values == features(nil, other).values)
    }
    #expect(try files.count == 3 * paths.count)
    // The same path with another content.
    try FileManager.default.removeItem(atPath: paths[0])
    try FileManager.default.copyItem(atPath: paths[1], toPath: paths[0])
    #expect(try features(cache(), model()).values == features(nil, model()).values)
  }

  @Test func dependOnEverythingThatTheNetworkIsMadeOf() throws {
    let model = try model()
    var identities = [model.featureIdentity(.float16)]
    let changes: [(inout ModelConfiguration) -> Void] = [
      { $0.backbone = "resnet18" }, { $0.backboneHash = "0" }, { $0.backboneHash = "1" }, { $0.height = 128 },
      { $0.width = 128 }, { $0.filter = .lanczos }, { $0.padding = .reflection },
    ]
    for change in changes {
      var other = model
      change(&other.configuration)
      identities.append(other.featureIdentity(.float16))
    }
    #expect(Set(identities).count == identities.count)
  }

  @Test func stayWithinTheLimit() throws {
    let model = try model()
    let whole = try features(cache(), model).values
    let size = try Data(contentsOf: URL(fileURLWithPath: files[0])).count
    // What is there already goes down to the limit when the cache is opened.
    #expect(try features(cache(limit: 2 * size), model).values == whole)
    #expect(try files.count == 2)
    // Another network's take the place of what was not used.
    let other = try self.model(precision: .bfloat16)
    let bounded = try cache(limit: 2 * size)
    #expect(try features(bounded, other, memoryLimit: 0).values == features(nil, other).values)
    #expect(try files.count == 2)
    #expect(try features(cache(limit: 2 * size), model).values == whole)
  }

  @Test func areKeptInMemoryWhereTheDiskFails() throws {
    let model = try model()
    let failing = try cache()
    try FileManager.default.removeItem(atPath: folder)
    try Data().write(to: URL(fileURLWithPath: folder))
    var notes: [String] = []
    #expect(try features(failing, model, note: { notes.append($0) }).values == features(nil, model).values)
    #expect(notes.count == 1)
    #expect(throws: FileSystemError.notFolder(path: folder)) { try cache() }
  }

  /// What is hashed are the bytes that are decoded: a file that is replaced behind that changes nothing.
  @Test func belongToTheBytesThatWereDecoded() throws {
    let model = try model()
    let whole = try features(cache(), model).values
    try FileManager.default.removeItem(atPath: folder)
    let original = try Data(contentsOf: URL(fileURLWithPath: paths[0]))
    let other = try Data(contentsOf: URL(fileURLWithPath: paths[1]))
    let read = try read(model)
    try other.write(to: URL(fileURLWithPath: paths[0]))
    _ = try TrainingFeatures(of: read, Array(paths.indices), model: model, cache: cache())
    try original.write(to: URL(fileURLWithPath: paths[0]))
    #expect(read.hashes[0] == SHA256.hash(original))
    let again = try features(cache(), model)
    #expect(again.values == whole && again.found == paths.count)
  }

  @Test func areReadWhenNeededWhereMemoryHasNoRoom() throws {
    let model = try model()
    let whole = try features(cache(), model).values
    #expect(try features(cache(), model).values == whole)
    let opened = try trainingFeatures(model, cache: cache(), memoryLimit: 0)
    let all = try files
    try FileManager.default.removeItem(atPath: all[0])
    var damaged = try Data(contentsOf: URL(fileURLWithPath: all[1]))
    damaged[damaged.count / 2] ^= 1
    try damaged.write(to: URL(fileURLWithPath: all[1]))
    try damaged.prefix(100).write(to: URL(fileURLWithPath: all[2]))
    for _ in 0..<2 { #expect(try opened.batch(Array(paths.indices)).map(\.floats) == whole) }
  }

  @Test func leaveAFullDiskAsItIsAndSaySoOnce() throws {
    let model = try model()
    _ = try features(cache(), self.model(precision: .bfloat16))
    let full = try cache(reserve: 1 << 60)
    var notes: [String] = []
    for _ in 0..<2 {
      let values = try features(full, model, note: { notes.append($0) }).values
      #expect(try values == features(nil, model).values)
    }
    #expect(notes.count == 1 && notes[0].contains(folder))
    // To delete the other network's would not have helped.
    #expect(try files.count == paths.count)
  }

  @Test func fillTheMemoryThereIs() throws {
    let model = try model()
    let whole = try trainingFeatures(model)
    let size = whole.bytesInMemory / paths.count
    let part = try trainingFeatures(model, memoryLimit: 5 * size / 2)
    #expect(size > 0 && part.bytesInMemory == 2 * size)
    let order = Array(paths.indices.reversed())
    #expect(try part.batch(order).map(\.floats) == whole.batch(order).map(\.floats))
  }

  @Test func mayTakeWhatTheControlGroupIsAllowed() throws {
    let machine = Int(ProcessInfo.processInfo.physicalMemory)
    let path = pictures.folder + "/memory.max"
    #expect(availableMemory(groupLimits: [path]) == machine)
    for (text, expected) in [
      ("1048576\n", 1 << 20), ("max\n", machine), ("9223372036854771712\n", machine), ("", machine),
    ] {
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
      #expect(availableMemory(groupLimits: [path]) == expected)
    }
  }

  @Test func areAnErrorWhereTheBackboneGivesOthersThanTheModelSays() throws {
    var model = try model()
    model.configuration.features[0].channels += 1
    for limit in [0, Int.max] {
      let error = #expect(throws: DetectorError.self) {
        try trainingFeatures(model, memoryLimit: limit).batch([0])
      }
      guard case .features("uflow", _)? = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
  }

  @Test func areTheSameOfPicturesThatWereDecodedAhead() throws {
    let model = try model()
    let whole = try trainingFeatures(model)
    // Neither pixels nor features are kept.
    let files = try TrainingPictures.read(paths, [model.configuration.preprocessor], memoryLimit: 0)[0]
    let anew = try TrainingFeatures(of: files, Array(paths.indices), model: model, memoryLimit: 0)
    // Asked for, asked for in another order and more than once, and not asked for.
    for (announced, asked) in [([0, 1], [0, 1]), ([3, 2], [2, 3, 2]), ([0], [1, 0]), ([1], [1])] {
      anew.readAhead(announced)
      #expect(try anew.batch(asked).map(\.floats) == whole.batch(asked).map(\.floats))
    }
  }

  @Test func leaveATrainingAsItWasWhereTheyAreComputedAnew() throws {
    var weights: [Data] = []
    for limit in [0, Int.max] {
      let parameters = Parameters(seed: 1)
      let model = try Model(
        detector: UFlow.self, backbone: try BackboneCatalogue.standard.named("seeded"), height: 64, width: 64,
        parameters: parameters)
      let features = try trainingFeatures(model, memoryLimit: limit)
      let trainer = Trainer(
        model: model, try #require(model.detector as? any GradientFitted), parameters, pictures: features,
        heldOut: features, schedule: try #require(TabletPictures.options().schedule), seed: 3,
        selection: .likelihood)
      #expect(try trainer.run(checkpoint: {}, report: { _ in }) == .finished)
      let tensors = parameters.stateDict().sorted { $0.key < $1.key }
      weights.append(tensors.reduce(Data()) { $0 + $1.value.bytes })
    }
    #expect(weights[0] == weights[1])
  }

  @Test func withoutAFolderTheTrainingGoesOnAndSaysSo() throws {
    // So many that the backbone would be tuned.
    let pictures = try TabletPictures(count: 12)
    let folder = pictures.folder + "/features"
    try Data().write(to: URL(fileURLWithPath: folder))
    var options = TabletPictures.options()
    options.backbone = "embedded"
    options.tuning.minutes = nil
    options.tuning.schedule.steps = 2
    options.tuning.pixels = 4 * 32 * 32
    options.tuning.longestSide = 32
    options.cacheLimit = 1 << 30
    options.cacheFolder = folder
    var notes: [String] = []
    let session = try pictures.session("model", options) { event in
      if case .note(let text) = event { notes.append(text) }
    }
    #expect(try session.run() == .finished)
    #expect(notes.contains { $0.contains("not kept on disk") && $0.contains(folder) })
  }

  @Test func leaveATrainingAsItWas() throws {
    var models: [Data] = []
    for (limit, name) in [(0, "none"), (1 << 30, "first"), (1 << 30, "second")] {
      var options = TabletPictures.options()
      options.cacheLimit = limit
      options.cacheFolder = folder
      let session = try pictures.session(name, options)
      _ = try session.run()
      let tensors = session.model.stateDict().sorted { $0.key < $1.key }
      models.append(tensors.reduce(Data()) { $0 + $1.value.bytes })
    }
    #expect(models[0] == models[1])
    #expect(models[1] == models[2])
  }
}
