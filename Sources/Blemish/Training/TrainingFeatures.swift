import Crypto
import Foundation
import Torch

/// The features of a fixed list of pictures, or of the tiles that they are cut into: computed once where disk or
/// memory allow, else whenever they are needed. They are rounded to 16 bits wherever they come from, so that a
/// training does not depend on that.
public final class TrainingFeatures {
  /// The pictures' paths.
  public let paths: [String]
  private let model: Model
  /// Per picture, its tiles one after the other, of each all scales, channels-last, 16 bit; nil for what is
  /// computed anew.
  private var kept: [Data?]

  /// Pictures that are decoded at a time, ahead of the backbone.
  private static let decodedAhead = 8

  /// The features of pictures.
  /// - Parameters:
  ///   - cache: where features lie on disk; nil for none.
  ///   - memoryLimit: how many bytes the features that are not on disk may take.
  ///   - note: called when the cache fails; the features are then kept in memory.
  ///   - progress: called with the number of pictures done; a true result stops.
  /// - Throws: the error of the first picture that cannot be read; `CancellationError` when stopped.
  init(
    of paths: [String], model: Model, cache: FeatureCache? = nil,
    memoryLimit: Int = Int(ProcessInfo.processInfo.physicalMemory / 2), note: (String) -> Void = { _ in },
    progress: (Int) -> Bool = { _ in false }
  ) throws {
    self.paths = paths
    self.model = model
    kept = Array(repeating: nil, count: paths.count)
    let identity = model.featureIdentity
    let keys =
      try cache == nil
      ? []
      : concurrentMap(paths) { path in Result { try FeatureCache.Key(network: identity, ofFile: path) } }
        .map { try $0.get() }
    if let cache { kept = keys.map { cache.features($0).flatMap { $0.count == byteCount ? $0 : nil } } }
    let missing = paths.indices.filter { kept[$0] == nil }
    let found = paths.count - missing.count
    if found > 0, progress(found) { throw CancellationError() }
    guard cache != nil || missing.count * byteCount <= memoryLimit else { return }
    var cache = cache
    var inMemory = 0
    var done = 0
    try model.configuration.forEachBatch(of: missing.map { paths[$0] }, size: Self.decodedAhead) { batch in
      // One picture at a time: what it gives then does not depend on which others are missing.
      for picture in batch {
        let index = missing[done]
        let data = try withTorchErrors { encoded(Tensor([try picture.get()])) }
        do {
          kept[index] = try cache?.keep(data, keys[index])
        } catch {
          note("features cannot be kept on disk: \(error.localizedDescription)")
          cache = nil
        }
        if kept[index] == nil, inMemory + data.count <= memoryLimit {
          kept[index] = data
          inMemory += data.count
        }
        done += 1
      }
      if progress(found + done) { throw CancellationError() }
    }
  }

  /// What a training counts: tiles of all pictures, one picture's after the other's, or whole pictures.
  public var count: Int { paths.count * model.configuration.looks }

  /// The features `[batch, channels, height, width]`, finest scale first, of a batch of what is counted.
  /// - Throws: the error of a picture that can no longer be read.
  public func batch(_ indices: [Int]) throws -> [Tensor] {
    let places = indices.map { $0.quotientAndRemainder(dividingBy: model.configuration.looks) }
    let missing = Set(places.map(\.quotient).filter { kept[$0] == nil }).sorted()
    let prepared = concurrentMap(missing.map { paths[$0] }) { [configuration = model.configuration] path in
      Result { try configuration.prepare(path) }
    }
    var computed: [Int: Data] = [:]
    for (index, picture) in zip(missing, prepared) {
      computed[index] = encoded(Tensor([try picture.get()]))
    }
    let pictures = places.map { picture, tile in
      decoded(kept[picture] ?? computed[picture] ?? Data(), tile: tile)
    }
    return model.configuration.features.indices.map { scale in
      Tensor.stack(pictures.map { $0[scale] }).to(device: model.device).to(.float32).permute([0, 3, 1, 2])
    }
  }

  // MARK: 16 bits

  private static let elementType = ElementType.float16

  /// The bytes of a picture, and of a tile of it.
  private var byteCount: Int { model.configuration.looks * tileByteCount }
  private var tileByteCount: Int { model.configuration.featureElements * Self.elementType.byteCount }

  /// The feature maps of one picture `[1, 3, height, width]` as they are kept.
  private func encoded(_ picture: Tensor) -> Data {
    let maps = model.configuration.seen(of: picture).flatMap { model.features($0) }
    var data = Data(capacity: byteCount)
    for map in maps {
      // What is too large for 16 bits becomes the largest number there is.
      let rounded = map.clamp(-65504, 65504).permute([0, 2, 3, 1]).to(Self.elementType).to(device: .cpu)
      rounded.contiguous().withUnsafeBytes { data.append(contentsOf: $0) }
    }
    return data
  }

  /// The maps `[height, width, channels]` of one tile.
  private func decoded(_ data: Data, tile: Int) -> [Tensor] {
    data.withUnsafeBytes { bytes in
      var start = tile * tileByteCount
      return model.configuration.features.map { shape in
        let length = shape.channels * shape.height * shape.width * Self.elementType.byteCount
        defer { start += length }
        return Tensor(
          copying: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + length)]),
          elementType: Self.elementType, shape: [shape.height, shape.width, shape.channels])
      }
    }
  }
}

extension FeatureCache.Key {
  /// - Throws: an error that names a file that cannot be read.
  fileprivate init(network: String, ofFile path: String) throws {
    self.init(
      network: network, picture: try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe))
  }
}

extension ModelConfiguration {
  /// The number of feature values of a picture, or of a tile where there are tiles.
  var featureElements: Int { features.reduce(0) { $0 + $1.channels * $1.height * $1.width } }
}
