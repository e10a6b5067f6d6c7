import AContrario
import Crypto
import Datasets
import Foundation

extension TrainingRecord {
  /// Whether a data set's good pictures, those to train on and those that are held out, are the ones of this training.
  /// - Throws: an error that names a picture that cannot be read.
  public func wasOf(_ dataset: Dataset) throws -> Bool {
    var options = TrainingOptions()
    (options.heldOut, options.seed, options.selection) = (heldOut, seed, .last)
    guard
      let (training, held) = try? TrainingSession.split(dataset, at: data, options: options, report: { _ in })
    else { return false }
    return try Blemish.fingerprint(of: training + held) == fingerprint
  }
}

/// A hash over the names and contents of pictures.
/// - Throws: an error that names a file that cannot be read.
func fingerprint(of samples: [Sample]) throws -> String {
  let hashes = concurrentMap(samples) { sample in
    Result { SHA256.hash(data: try Data(contentsOf: URL(fileURLWithPath: sample.path))) }
  }
  var hash = SHA256()
  for (sample, contents) in zip(samples, hashes) {
    hash.update(data: Data(sample.name.utf8))
    try contents.get().withUnsafeBytes { hash.update(bufferPointer: $0) }
  }
  return hexadecimal(hash.finalize())
}
