import Foundation
import Torch

/// The features of a fixed list of pictures: computed once where memory allows, else whenever they are needed.
public final class TrainingFeatures {
  /// The pictures' paths.
  public let paths: [String]
  private let model: Model
  /// Per picture, one tensor `[channels, height, width]` a scale; empty when they do not fit in memory.
  private var kept: [[Tensor]] = []

  /// Pictures that go through the backbone at a time; fixed, so that features do not depend on the batch size.
  private static let backboneBatch = 8

  /// The features of pictures. Every picture is read once, whether or not its features are kept.
  /// - Parameters:
  ///   - memoryLimit: how many bytes the features may take.
  ///   - progress: called with the number of pictures done; a true result stops.
  /// - Throws: the error of the first picture that cannot be read; `CancellationError` when stopped.
  public init(
    of paths: [String], model: Model, memoryLimit: Int = Int(ProcessInfo.processInfo.physicalMemory / 2),
    progress: (Int) -> Bool = { _ in false }
  ) throws {
    self.paths = paths
    self.model = model
    let bytes = model.configuration.elementsPerPicture * MemoryLayout<Float>.size * paths.count
    guard bytes <= memoryLimit else { return }
    try model.configuration.forEachBatch(of: paths, size: Self.backboneBatch) { batch in
      let pictures = try batch.map { try $0.get() }
      kept += try withTorchErrors {
        let features = model.features(Tensor(pictures))
        return batch.indices.map { index in features.map { $0.select(0, index).contiguous().clone() } }
      }
      if progress(kept.count) { throw CancellationError() }
    }
  }

  /// The features of a batch of pictures `[batch, channels, height, width]`, finest scale first.
  /// - Throws: the error of a picture that can no longer be read.
  public func batch(_ indices: [Int]) throws -> [Tensor] {
    guard kept.isEmpty else {
      return model.configuration.features.indices.map { scale in
        Tensor.stack(indices.map { kept[$0][scale] })
      }
    }
    let pictures = concurrentMap(indices.map { paths[$0] }) { [configuration = model.configuration] path in
      Result { try configuration.prepare(path) }
    }
    let parts = try pictures.map { model.features(Tensor([try $0.get()])) }
    return model.configuration.features.indices.map { scale in
      Tensor.cat(parts.map { $0[scale].contiguous() }, along: 0)
    }
  }
}

extension ModelConfiguration {
  /// The number of feature values of one picture.
  var elementsPerPicture: Int { features.reduce(0) { $0 + $1.channels * $1.height * $1.width } }
}
