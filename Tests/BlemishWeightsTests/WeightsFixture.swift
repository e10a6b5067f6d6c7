import BlemishDatasets
import BlemishFiles
import BlemishTorch
import Foundation
import TestSupport

@testable import BlemishBackbones
@testable import BlemishWeights

/// A cache in a folder of its own that knows one small backbone, `tiny`, whose published file is `file`.
final class WeightsFixture {
  let folder = NSTemporaryDirectory() + "/blemish-weights-\(UUID().uuidString)"
  /// The published file: the backbone's two tensors and a classifier.
  let file: Data
  let tensors: [String: StoredTensor]
  var environment: [String: String]
  var hash: String?
  /// Seconds without a byte after which the cache tries again.
  // Long: the tests beside these may keep the processor for most of a minute.
  var silence = 300

  init(server: String? = nil) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    tensors = [
      "stem.weight": StoredTensor(floats: (0..<30_000).map { Float($0) }, shape: [100, 300]),
      "stem.bias": StoredTensor(floats: [Float](repeating: 0.5, count: 100), shape: [100]),
      "fc.weight": StoredTensor(floats: [1, 2, 3], shape: [3]),
    ]
    let path = folder + "/published.safetensors"
    try SafeTensors.write(WeightFile(tensors: tensors), to: path)
    file = try Data(contentsOf: URL(fileURLWithPath: path))
    hash = try fileHash(path)
    environment = ["BLEMISH_HOME": folder + "/home"]
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func component(bytes: Int? = nil) -> BackboneDescription.Component {
    .init(
      name: "tiny",
      source: .init(
        address: "https://weights.invalid/models/tiny.pth",
        bytes: bytes ?? file.count,
        licence: "none",
        hash: hash
      ),
      marks: [("stem.weight", [100, 300])],
      absent: "stem2.weight",
      uses: { $0.hasPrefix("stem") },
      build: { path in
        _ = try (path / "stem").constant("weight", [100, 300], .constant(0))
        _ = try (path / "stem").constant("bias", [100], .constant(0))
      }
    )
  }

  /// The cache, which fetches from `server` and loses its patience fast.
  func cache(from server: LoopbackServer? = nil, bytes: Int? = nil) -> WeightCache {
    var environment = environment
    if let server { environment["BLEMISH_WEIGHTS_URL"] = server.address + "/mirror/" }
    var cache = WeightCache(environment: environment, components: [component(bytes: bytes)])
    cache.patience = DownloadPatience(attempts: 3, pause: .milliseconds(1), connecting: 300, silence: silence)
    return cache
  }

  /// A file of the given tensors.
  func write(_ tensors: [String: StoredTensor], _ name: String = "own.safetensors") throws -> String {
    let path = "\(folder)/\(name)"
    try SafeTensors.write(WeightFile(tensors: tensors), to: path)
    return path
  }

  /// What lies in the cache's folder.
  var cached: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder + "/home/backbones")) ?? []).sorted()
  }
}
