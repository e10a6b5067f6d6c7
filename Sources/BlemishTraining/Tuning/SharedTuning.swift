import BlemishFiles
import BlemishSupport
import Foundation

/// Tuned weights in a folder, for trainings that would tune in the same way: other detectors on the same pictures.
struct SharedTuning {
  /// The file.
  let path: String
  private let key: String
  private static let recordKey = "blemish.adaptation"
  private static let hashKey = "blemish.adaptation.key"

  /// - Parameter key: a hash over all that the weights depend on.
  init(folder: String, key: String) {
    path = (folder as NSString).appendingPathComponent("adapted-\(key.prefix(16)).safetensors")
    self.key = key
  }

  /// The lock of whoever tunes, so that the others wait for the weights instead of tuning, too.
  /// - Parameter waiting: called once, where another training tunes now.
  /// - Throws: `FileSystemError`; `CancellationError` where the task was cancelled.
  func lock(waiting: () -> Void) throws -> FileLock {
    try FileLock.wait(for: path + ".lock", waiting: waiting)
  }

  /// What was tuned before; nil where nothing was.
  /// - Throws: an error that names the file when it is damaged.
  func read() throws -> (TuningRecord, [String: StoredTensor])? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let file = try SafeTensors.read(path)
    guard file.metadata[Self.hashKey] == key, let json = file.metadata[Self.recordKey],
      let record = try? JSONDecoder().decode(TuningRecord.self, from: Data(json.utf8))
    else { throw TrainingError.sharedTuning(path: path, problem: "they are of another tuning") }
    return (record, file.tensors)
  }

  /// Keeps what was tuned.
  /// - Throws: an error that names the file when it cannot be written.
  func write(_ record: TuningRecord, _ weights: [String: StoredTensor]) throws {
    let json = try stableJSON(record)
    try SafeTensors.write(
      WeightFile(tensors: weights, metadata: [Self.recordKey: json, Self.hashKey: key]), to: path)
  }
}
