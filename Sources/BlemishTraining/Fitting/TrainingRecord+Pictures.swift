import BlemishDatasets
import BlemishSupport
import BlemishTorch
import Foundation

extension TrainingRecord {
  /// Whether a data set's good pictures, those to train on and those that are held out, are the ones of this training.
  public func wasOf(_ dataset: Dataset) -> Bool {
    var options = TrainingOptions()
    (options.heldOut, options.seed, options.selection) = (heldOut, seed, .last)
    guard
      let (training, held) = try? TrainingSession.split(dataset, at: data, options: options, report: { _ in })
    else { return false }
    return BlemishTraining.fingerprint(of: training + held) == fingerprint
  }
}

/// A hash over the names and contents of pictures; a file that cannot be read counts as empty.
package func fingerprint(of samples: [Sample]) -> String {
  let hashes = concurrentMap(samples) { (try? SHA256.hash(readRegularFile($0.path))) ?? [] }
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
