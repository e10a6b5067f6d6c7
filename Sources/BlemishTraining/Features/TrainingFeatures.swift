import BlemishBackbones
import BlemishCore
import BlemishFiles
import BlemishImaging
import BlemishSupport
import BlemishSynthesis
import BlemishTorch
import Foundation

/// The features of some of a training's pictures, or of the tiles that they are cut into, prepared for the detector
/// (`Detector.prepared`), and the backbone's evidence where it gives any: computed once where disk or memory allow, else
/// whenever they are needed. They are rounded in the same way wherever they come from, so that a training does not
/// depend on that.
public final class TrainingFeatures: FeatureSource {
  private let pictures: TrainingPictures
  /// Which of the pictures these are of; each as often as there are versions.
  private let indices: [Int]
  /// In how many lights every picture is seen: the first time as it is.
  let versions: Int
  private let model: Model
  private let elementType: ElementType
  /// The shapes of a tile's prepared maps, or a picture's, finest scale first.
  public let shapes: [FeatureShape]
  /// The shapes of all that is kept: the prepared maps, and the backbone's evidence behind them.
  private let keptShapes: [FeatureShape]
  private let cache: FeatureCache?
  /// Where every picture's features are; nil for those that are computed anew.
  private var places: [Place?]
  /// How many bytes the features take that are in memory.
  private(set) var bytesInMemory = 0

  /// Where a picture's features are: its tiles one after the other, of each all maps, channels-last.
  private enum Place {
    case held(Data)
    case onDisk(FeatureCache.Key)
  }

  /// Pictures that are looked up at a time.
  private static let step = 8

  /// The features of pictures.
  /// - Parameters:
  ///   - indices: which of the pictures.
  ///   - versions: in how many lights every picture is seen; one after the other they count as pictures.
  ///   - precision: what they are rounded to.
  ///   - cache: where features lie on disk; nil for none.
  ///   - memoryLimit: how many bytes the features that are not on disk may take; what has room in neither is
  ///     computed whenever it is needed.
  ///   - note: called when the cache fails; features are then kept in memory.
  ///   - progress: called with the number of pictures done.
  /// - Throws: the error of the first picture that cannot be read; `CancellationError` when the task was cancelled.
  init(
    of pictures: TrainingPictures, _ indices: [Int], versions: Int = 1, model: Model,
    precision: FeaturePrecision = .float16,
    cache: FeatureCache? = nil, memoryLimit: Int = availableMemory() / 2, note: (String) -> Void = { _ in },
    progress: (Int) -> Void = { _ in }
  ) throws {
    self.pictures = pictures
    let indices = indices.flatMap { Array(repeating: $0, count: versions) }
    self.indices = indices
    self.versions = versions
    self.model = model
    elementType = precision.elementType
    shapes = type(of: model.detector).preparedShapes(of: model.configuration.features)
    keptShapes = shapes + (model.backbone.givesEvidence ? [model.evidenceShape] : [])
    self.cache = cache
    places = Array(repeating: nil, count: indices.count)
    let networks = (0..<versions).map { model.featureIdentity(precision, version: $0) }
    var isFull = false
    for start in stride(from: 0, to: indices.count, by: Self.step) {
      let batch = start..<min(start + Self.step, indices.count)
      for index in batch {
        try Task.checkCancellation()
        let key = cache.map { _ in
          FeatureCache.Key(network: networks[index % versions], picture: pictures.hashes[indices[index]])
        }
        if let cache, let key, let found = cache.features(key), found.count == byteCount {
          places[index] = hold(found, memoryLimit: memoryLimit) ?? .onDisk(key)
        }
        guard places[index] == nil, !isFull else { continue }
        // One picture at a time: what it gives then does not depend on which others are missing.
        let features = try encoded(pictures.pictures([indices[index]])[0], of: index)
        isFull = !keep(features, at: index, key, memoryLimit: memoryLimit, note: note)
      }
      progress(batch.upperBound)
    }
  }

  /// Keeps the features of a picture; false where neither disk nor memory has room.
  private func keep(
    _ features: Data, at index: Int, _ key: FeatureCache.Key?, memoryLimit: Int, note: (String) -> Void
  ) -> Bool {
    places[index] = hold(features, memoryLimit: memoryLimit)
    guard let cache, let key else { return places[index] != nil }
    do {
      if try cache.keep(features, key), places[index] == nil { places[index] = .onDisk(key) }
    } catch {
      note("features cannot be kept on disk: \(error)")
    }
    return places[index] != nil
  }

  /// Features in memory; nil where it has no room for them.
  private func hold(_ features: Data, memoryLimit: Int) -> Place? {
    guard bytesInMemory + features.count <= memoryLimit else { return nil }
    bytesInMemory += features.count
    return .held(features)
  }

  /// What a training counts: tiles of all pictures, one picture's after the other's, or whole pictures.
  public var count: Int { indices.count * model.configuration.looks }

  /// How many pictures there are.
  var pictureCount: Int { indices.count }

  /// The prepared features `[batch, channels, height, width]`, finest scale first, of a batch of what is counted.
  /// - Throws: the error of a picture that can no longer be read.
  public func batch(_ indices: [Int]) throws -> [Tensor] { Array(try maps(indices).prefix(shapes.count)) }

  /// The prepared features, and behind them the backbone's evidence where there is any.
  private func maps(_ indices: [Int]) throws -> [Tensor] {
    let looks = model.configuration.looks
    let pictures = ofPictures(indices)
    // The maps of what is counted; of pictures that are kept nowhere, only the tiles that are asked for.
    var maps: [Int: [Tensor]] = [:]
    var missing: [Int] = []
    for picture in pictures {
      guard let features = kept(picture) else {
        missing.append(picture)
        continue
      }
      for index in indices where index / looks == picture {
        maps[index] = decoded(features, tile: index % looks)
      }
    }
    for (picture, pixels) in zip(missing, try self.pictures.pictures(missing.map { self.indices[$0] })) {
      let tiles = Set(indices.filter { $0 / looks == picture }.map { $0 % looks }).sorted()
      let features = try encoded(pixels, of: picture, tiles: tiles)
      for (place, tile) in tiles.enumerated() {
        maps[picture * looks + tile] = decoded(features, tile: place)
      }
    }
    return keptShapes.indices.map { map in
      Tensor.stack(indices.map { maps[$0]![map] }).to(device: model.device).permute([0, 3, 1, 2])
    }
  }

  /// The evidence in a picture.
  /// - Parameter detector: the one that is fitted to these features, or was since they were prepared.
  /// - Throws: the error of a picture that can no longer be read.
  func evidence(in picture: Int, by detector: any Detector) throws -> Evidence {
    let first = picture * model.configuration.looks
    return try withoutGradient {
      try model.blended { look in
        let maps = try maps([first + look])
        return (
          detector.response(to: Array(maps.prefix(shapes.count))),
          maps.count > shapes.count ? maps[shapes.count].to(.float32) : nil
        )
      }
    }
  }

  /// Begins to read, on other threads, those pictures of the next batch whose features are computed for it.
  /// - Parameter indices: the batch; asked for only where there are such pictures.
  func readAhead(_ indices: @autoclosure () -> [Int]) {
    guard places.contains(where: { $0 == nil }) else { return }
    pictures.readAhead(ofPictures(indices()).filter { places[$0] == nil }.map { self.indices[$0] })
  }

  private func ofPictures(_ indices: [Int]) -> [Int] {
    Set(indices.map { $0 / model.configuration.looks }).sorted()
  }

  /// The features that are in memory or on disk; nil also for a file that has gone or is damaged since.
  private func kept(_ picture: Int) -> Data? {
    switch places[picture] {
    case .held(let features)?: return features
    case .onDisk(let key)?:
      if let found = cache?.features(key), found.count == byteCount { return found }
      places[picture] = nil
      return nil
    case nil: return nil
    }
  }

  // MARK: Bytes

  /// The bytes of a picture, and of a tile of it.
  private var byteCount: Int { model.configuration.looks * tileByteCount }
  private var tileByteCount: Int { keptShapes.reduce(0) { $0 + $1.count } * elementType.byteCount }

  /// A picture in the light that belongs to a place among the features.
  private func lit(_ picture: Picture, at place: Int) -> Picture {
    let version = place % versions
    guard version > 0 else { return picture }
    let seed = pictures.hashes[indices[place]].prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    var random = SynthesisRandom(seed: seed, version)
    return Lighting(&random)(picture)
  }

  /// The maps of one picture as they are kept, of all tiles or of some.
  /// - Parameter place: where among the features they belong.
  /// - Throws: what libtorch says; `DetectorError` when the maps are not those of the configuration.
  private func encoded(_ picture: Picture, of place: Int, tiles: [Int]? = nil) throws -> Data {
    let expected = tiles.map { $0.count * tileByteCount } ?? byteCount
    var data = Data(capacity: expected)
    try withTorchErrors {
      let all = model.configuration.seen(of: Tensor([lit(picture, at: place)]))
      for tile in tiles.map({ $0.map { all[$0] } }) ?? all {
        for map in withoutGradient({ maps(of: tile) }) {
          // What is too large for 16 bits becomes the largest number there is.
          let limited = elementType == .float16 ? map.clamp(-65504, 65504) : map
          limited.permute([0, 2, 3, 1]).to(elementType).to(device: .cpu).contiguous()
            .withUnsafeBytes { data.append(contentsOf: $0) }
        }
      }
    }
    guard data.count == expected else {
      throw DetectorError.features(
        detector: model.configuration.detector,
        problem: "the backbone gives \(data.count) bytes of them, not the \(expected) of \(keptShapes)")
    }
    return data
  }

  private func maps(of tile: Tensor) -> [Tensor] {
    let seen = model.backbone.featuresAndEvidence(of: tile.to(device: model.device))
    return type(of: model.detector).prepared(seen.features) + [seen.evidence].compactMap { $0 }
  }

  /// The maps `[height, width, channels]` of one tile.
  private func decoded(_ data: Data, tile: Int) -> [Tensor] {
    data.withUnsafeBytes { bytes in
      var start = tile * tileByteCount
      return keptShapes.map { shape in
        let length = shape.count * elementType.byteCount
        defer { start += length }
        return Tensor(
          copying: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + length)]),
          elementType: elementType, shape: [shape.height, shape.width, shape.channels])
      }
    }
  }
}

extension Model {
  /// The shape of the evidence of a tile, or a picture: one channel at the segmenter's stride.
  fileprivate var evidenceShape: FeatureShape {
    let (seen, stride) = (configuration.seenSize, DefectSegmenter<FrozenUnit>.stride)
    return FeatureShape(channels: 1, height: seen.height / stride, width: seen.width / stride)
  }

  /// What the a contrario test learns from pictures of good parts whose features a training has kept.
  /// - Throws: the error of a picture that can no longer be read; `CancellationError` when the task was cancelled.
  func learnBackground(
    from pictures: TrainingFeatures, source: LearntBackground.Source
  ) throws -> LearntBackground {
    // Of every picture as it is: in other lights it is no other picture.
    let energies = try stride(from: 0, to: pictures.pictureCount, by: pictures.versions).map { index in
      try Task.checkCancellation()
      return try withTorchErrors { BatchEnergies(try pictures.evidence(in: index, by: detector).joined) }
        .picture(0)
    }
    return try LearntBackground(learningFrom: energies, source: source)
  }

  /// Everything that a picture's features, as they are kept, depend on but the picture: two models with the same text
  /// give the same.
  func featureIdentity(_ kept: FeaturePrecision, version: Int = 0) -> String {
    let weights = configuration.backboneHash ?? "seeded"
    return [
      blemishVersion, Torch.version, configuration.backbone, weights, configuration.padding.rawValue,
      "\(configuration.height)x\(configuration.width)", configuration.tile.map { "tile \($0)" } ?? "whole",
      configuration.filter.rawValue, precision.elementType.rawValue, device.description,
      type(of: detector).featureIdentity, backbone.givesEvidence ? "with evidence" : "without evidence",
      kept.rawValue, configuration.sampleRange.map { "range \($0)" } ?? "",
      version == 0 ? "as it is" : "light \(version)",
    ].joined(separator: " ") + (configuration.regionOfInterest.map { " region \($0.identity)" } ?? "")
  }
}

extension ModelConfiguration {
  /// The number of feature values of a picture, or of a tile where there are tiles.
  var featureElements: Int { features.reduce(0) { $0 + $1.count } }
}
