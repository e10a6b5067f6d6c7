import BlemishDatasets
import BlemishSupport
import BlemishTorch
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
    return try BlemishTraining.fingerprint(of: training + held) == fingerprint
  }
}

/// A hash over the names and contents of pictures.
/// - Throws: an error that names a file that cannot be read.
package func fingerprint(of samples: [Sample]) throws -> String {
  let hashes = try concurrentMap(samples) { sample in
    Result { SHA256.hash(try readRegularFile(sample.path)) }
  }.map { try $0.get() }
  return fingerprint(of: samples, hashes: hashes)
}

/// A hash over the names of pictures and the hashes of their contents.
package func fingerprint(of samples: [Sample], hashes: [[UInt8]]) -> String {
  var hash = SHA256()
  for (sample, content) in zip(samples, hashes) {
    hash.update(sample.name)
    hash.update(content)
  }
  return hexadecimal(hash.finalize())
}
