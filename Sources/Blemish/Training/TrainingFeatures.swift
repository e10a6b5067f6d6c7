import AContrario
import Crypto
import Foundation
import Imaging
import Torch

/// The features of a fixed list of pictures, or of the tiles that they are cut into, prepared for the flow
/// (``Detector/prepared(_:)``): computed once where disk or memory allow, else whenever they are needed. They are
/// rounded in the same way wherever they come from, so that a training does not depend on that.
public final class TrainingFeatures {
  /// The pictures' paths.
  public let paths: [String]
  private let model: Model
  private let elementType: ElementType
  /// The shapes of a tile's maps, or a picture's.
  private let shapes: [FeatureShape]
  private let cache: FeatureCache?
  /// Where every picture's features are; nil for those that are computed anew.
  private var places: [Place?]
  /// How many bytes the features take that are in memory.
  private(set) var bytesInMemory = 0
  private var ahead: (pictures: [Int], decoding: Decoding)?

  /// Where a picture's features are: its tiles one after the other, of each all scales, channels-last.
  private enum Place {
    case held(Data)
    case onDisk(FeatureCache.Key)
  }

  private typealias Decoding = Ahead<Result<PreparedPicture, any Error>>

  /// Pictures that are decoded at a time, ahead of the backbone.
  private static let decodedAhead = 8

  /// The features of pictures.
  /// - Parameters:
  ///   - precision: what they are rounded to.
  ///   - cache: where features lie on disk; nil for none.
  ///   - memoryLimit: how many bytes the features that are not on disk may take; what has room in neither is
  ///     computed whenever it is needed.
  ///   - note: called when the cache fails; features are then kept in memory.
  ///   - progress: called with the number of pictures done; a true result stops.
  /// - Throws: the error of the first picture that cannot be read; `CancellationError` when stopped.
  init(
    of paths: [String], model: Model, precision: FeaturePrecision = .float16, cache: FeatureCache? = nil,
    memoryLimit: Int = availableMemory() / 2, note: (String) -> Void = { _ in },
    progress: (Int) -> Bool = { _ in false }
  ) throws {
    self.paths = paths
    self.model = model
    elementType = precision.elementType
    let pooling = type(of: model.detector).pooling
    shapes = model.configuration.features.map { $0.pooled(pooling) }
    self.cache = cache
    places = Array(repeating: nil, count: paths.count)
    let network = cache == nil ? nil : model.featureIdentity(precision)
    if let cache, let network {
      let keys = try concurrentMap(paths) { path in
        Result { try FeatureCache.Key(network: network, ofFile: path) }
      }.map { try $0.get() }
      for index in paths.indices { places[index] = place(cache.features(keys[index]), keys[index]) }
    }
    let missing = paths.indices.filter { places[$0] == nil }
    let found = paths.count - missing.count
    if found > 0, progress(found) { throw CancellationError() }
    let configuration = model.configuration
    var done = 0
    var isFull = false
    try readBatches(
      of: missing.map { paths[$0] }, size: Self.decodedAhead,
      { path -> Result<DecodedPicture, any Error> in
        Result { try DecodedPicture(path, configuration, network: network) }
      },
      { batch in
        // One picture at a time: what it gives then does not depend on which others are missing.
        for result in batch {
          let picture = try result.get()
          if !isFull { isFull = try !keep(picture, at: missing[done], memoryLimit: memoryLimit, note: note) }
          done += 1
        }
        if progress(found + done) { throw CancellationError() }
      })
  }

  /// Keeps the features of a picture; false where neither disk nor memory has room.
  private func keep(
    _ picture: DecodedPicture, at index: Int, memoryLimit: Int, note: (String) -> Void
  ) throws -> Bool {
    let features = try encoded(picture.prepared)
    if let cache, let key = picture.key {
      do {
        places[index] = try place(cache.keep(features, key), key)
      } catch {
        note("features cannot be kept on disk: \(error)")
      }
    }
    if places[index] == nil, bytesInMemory + features.count <= memoryLimit {
      places[index] = .held(features)
      bytesInMemory += features.count
    }
    return places[index] != nil
  }

  private func place(_ found: FeatureCache.Found?, _ key: FeatureCache.Key) -> Place? {
    guard let found, found.data.count == byteCount else { return nil }
    return found.isMapped ? .held(found.data) : .onDisk(key)
  }

  /// What a training counts: tiles of all pictures, one picture's after the other's, or whole pictures.
  public var count: Int { paths.count * model.configuration.looks }

  /// The prepared features `[batch, channels, height, width]`, finest scale first, of a batch of what is counted.
  /// - Throws: the error of a picture that can no longer be read.
  public func batch(_ indices: [Int]) throws -> [Tensor] {
    let looks = model.configuration.looks
    let pictures = pictures(of: indices)
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
    for (picture, prepared) in zip(missing, decoded(missing)) {
      let tiles = Set(indices.filter { $0 / looks == picture }.map { $0 % looks }).sorted()
      let features = try encoded(prepared.get(), tiles: tiles)
      for (place, tile) in tiles.enumerated() {
        maps[picture * looks + tile] = decoded(features, tile: place)
      }
    }
    return shapes.indices.map { scale in
      Tensor.stack(indices.map { maps[$0]![scale] }).to(device: model.device).permute([0, 3, 1, 2])
    }
  }

  /// Begins to decode, on other threads, those pictures of the next batch whose features are computed for it.
  /// - Parameter indices: the batch; asked for only where there are such pictures.
  func decodeAhead(_ indices: @autoclosure () -> [Int]) {
    guard places.contains(where: { $0 == nil }) else { return }
    let missing = pictures(of: indices()).filter { places[$0] == nil }
    ahead = missing.isEmpty ? nil : (pictures: missing, decoding: decode(missing))
  }

  private func pictures(of indices: [Int]) -> [Int] {
    Set(indices.map { $0 / model.configuration.looks }).sorted()
  }

  /// The features that are in memory or on disk; nil also for a file that has gone or is damaged since.
  private func kept(_ picture: Int) -> Data? {
    switch places[picture] {
    case .held(let features)?: return features
    case .onDisk(let key)?:
      if let found = cache?.features(key), found.data.count == byteCount { return found.data }
      places[picture] = nil
      return nil
    case nil: return nil
    }
  }

  private func decoded(_ pictures: [Int]) -> [Result<PreparedPicture, any Error>] {
    guard let ahead, ahead.pictures == pictures else {
      return pictures.isEmpty ? [] : decode(pictures).wait()
    }
    self.ahead = nil
    return ahead.decoding.wait()
  }

  private func decode(_ pictures: [Int]) -> Decoding {
    let configuration = model.configuration
    return Decoding(pictures.map { paths[$0] }) { path in Result { try configuration.prepare(path) } }
  }

  // MARK: Bytes

  /// The bytes of a picture, and of a tile of it.
  private var byteCount: Int { model.configuration.looks * tileByteCount }
  private var tileByteCount: Int {
    shapes.reduce(0) { $0 + $1.channels * $1.height * $1.width } * elementType.byteCount
  }

  /// The feature maps of one picture as they are kept, of all tiles or of some.
  /// - Throws: what libtorch says; ``ConfigurationError`` when the maps are not those of the configuration.
  private func encoded(_ picture: PreparedPicture, tiles: [Int]? = nil) throws -> Data {
    let expected = tiles.map { $0.count * tileByteCount } ?? byteCount
    var data = Data(capacity: expected)
    try withTorchErrors {
      let all = model.configuration.seen(of: Tensor([picture]))
      for tile in tiles.map({ $0.map { all[$0] } }) ?? all {
        for map in withoutGradient({ model.detector.prepared(model.features(tile)) }) {
          // What is too large for 16 bits becomes the largest number there is.
          let limited = elementType == .float16 ? map.clamp(-65504, 65504) : map
          limited.permute([0, 2, 3, 1]).to(elementType).to(device: .cpu).contiguous()
            .withUnsafeBytes { data.append(contentsOf: $0) }
        }
      }
    }
    guard data.count == expected else {
      throw ConfigurationError(
        "\(picture.path): the backbone gives \(data.count) bytes of features, not the \(expected) of \(shapes)"
      )
    }
    return data
  }

  /// The maps `[height, width, channels]` of one tile.
  private func decoded(_ data: Data, tile: Int) -> [Tensor] {
    data.withUnsafeBytes { bytes in
      var start = tile * tileByteCount
      return shapes.map { shape in
        let length = shape.channels * shape.height * shape.width * elementType.byteCount
        defer { start += length }
        return Tensor(
          copying: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + length)]),
          elementType: elementType, shape: [shape.height, shape.width, shape.channels])
      }
    }
  }
}

/// A picture, and the key of the very bytes that it was decoded from: the file may have changed since it was
/// looked for in the cache.
private struct DecodedPicture: Sendable {
  let prepared: PreparedPicture
  /// Nil where nothing lies on disk.
  let key: FeatureCache.Key?

  init(_ path: String, _ configuration: ModelConfiguration, network: String?) throws {
    guard let network else {
      prepared = try configuration.prepare(path)
      key = nil
      return
    }
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    prepared = try configuration.prepare(Picture(decoding: bytes, name: path), path: path)
    key = FeatureCache.Key(network: network, picture: bytes)
  }
}

extension FeatureCache.Key {
  /// - Throws: an error that names a file that cannot be read.
  fileprivate init(network: String, ofFile path: String) throws {
    self.init(network: network, picture: try Data(contentsOf: URL(fileURLWithPath: path)))
  }
}

extension ModelConfiguration {
  /// The number of feature values of a picture, or of a tile where there are tiles.
  var featureElements: Int { features.reduce(0) { $0 + $1.channels * $1.height * $1.width } }
}
