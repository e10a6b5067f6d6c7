import BlemishCore
import BlemishImaging
import BlemishSupport
import Foundation
import Synchronization

/// The good pictures of a training. Each file is read and decoded once: its content is hashed, and it is brought to the
/// backbone's size. Where memory does not hold all of them, the rest is decoded again whenever it is needed.
package final class TrainingPictures: Sendable {
  /// Where they are from.
  package let paths: [String]
  /// SHA-256 of each file's bytes.
  package let hashes: [[UInt8]]
  /// How they are brought to the backbone's size.
  package let preprocessor: Preprocessor
  /// What the pictures are like as a whole, of all that were decoded or of a sample.
  package let traits: [PictureTraits]
  /// Those that were asked for, cannot be read and are left out.
  package let unreadable: UnreadablePictures
  /// SHA-256 of every file that was asked for; empty for one whose bytes cannot be read.
  package let askedHashes: [[UInt8]]
  /// At the backbone's size; nil for those that memory does not hold.
  private let kept: [Picture?]
  private let ahead = Mutex<(indices: [Int], reading: ReadingAhead<Result<Picture, any Error>>)?>(nil)

  private init(
    paths: [String], hashes: [[UInt8]], traits: [PictureTraits], unreadable: UnreadablePictures,
    askedHashes: [[UInt8]], preprocessor: Preprocessor, kept: [Picture?]
  ) {
    self.paths = paths
    self.hashes = hashes
    self.traits = traits
    self.unreadable = unreadable
    self.askedHashes = askedHashes
    self.preprocessor = preprocessor
    self.kept = kept
  }

  /// Reads pictures, each once, and brings them to the backbone's size in one or several ways.
  /// - Parameters:
  ///   - memoryLimit: how many bytes they may take at the backbone's size, of all ways together.
  ///   - isNeeded: whether the pixels of a file with this hash will be asked for; others are not decoded.
  ///   - progress: called with the number of pictures done.
  /// - Returns: the pictures, one set for every way.
  /// - Throws: ``UnreadablePictures`` where more of them cannot be read than may be left out; `CancellationError` when the
  ///   task was cancelled.
  package static func read(
    _ paths: [String], _ ways: [Preprocessor], memoryLimit: Int,
    isNeeded: @escaping @Sendable ([UInt8]) -> Bool = { _ in true }, progress: (Int) -> Void = { _ in }
  ) throws -> [TrainingPictures] {
    // Of pictures whose pixels nobody asks for, a sample is decoded for their traits.
    let sample = Set(
      stride(from: 0, to: paths.count, by: max(paths.count / traitSample, 1)).map { paths[$0] })
    var read: (paths: [String], hashes: [[UInt8]]) = ([], [])
    var askedHashes: [[UInt8]] = []
    var unreadable = UnreadablePictures(of: paths.count)
    var traits: [PictureTraits] = []
    var kept = ways.map { _ in [Picture?]() }
    var bytes = 0
    try readBatches(
      of: paths, size: 16,
      { path -> (hash: [UInt8], decoded: Result<Decoded, any Error>) in
        var hash: [UInt8] = []
        let decoded = Result {
          let content = try readRegularFile(path)
          hash = SHA256.hash(content)
          let isNeeded = isNeeded(hash)
          guard let first = ways.first, isNeeded || sample.contains(path) else { return Decoded() }
          let picture = try Picture(decoding: content, name: path, options: first.decoding)
          let frames = try (isNeeded ? ways : [first]).map { try $0(picture, from: path) }
          return Decoded(traits: frames[0].traits, pictures: isNeeded ? frames.map(\.resized) : [])
        }
        return (hash, decoded)
      },
      { batch in
        try Task.checkCancellation()
        for (hash, result) in batch {
          let path = paths[askedHashes.count]
          askedHashes.append(hash)
          let decoded: Decoded
          do {
            decoded = try result.get()
          } catch {
            try unreadable.add(path, error)
            continue
          }
          read.paths.append(path)
          read.hashes.append(hash)
          if let trait = decoded.traits { traits.append(trait) }
          bytes += decoded.pictures.reduce(0) { $0 + $1.byteCount }
          for way in ways.indices {
            kept[way].append(
              way < decoded.pictures.count && bytes <= memoryLimit ? decoded.pictures[way] : nil)
          }
        }
        progress(askedHashes.count)
      })
    return zip(ways, kept).map {
      TrainingPictures(
        paths: read.paths, hashes: read.hashes, traits: traits, unreadable: unreadable,
        askedHashes: askedHashes, preprocessor: $0, kept: $1)
    }
  }

  /// What is made of a file.
  private struct Decoded {
    var traits: PictureTraits?
    /// At the backbone's size, one of every way; empty where nobody asks for the pixels.
    var pictures: [Picture] = []
  }

  /// About how many pictures tell what all are like.
  private static let traitSample = 100

  /// How many there are.
  package var count: Int { paths.count }

  /// Pictures at the backbone's size.
  /// - Throws: the error of a picture that can no longer be read.
  package func pictures(_ indices: [Int]) throws -> [Picture] {
    let missing = indices.filter { kept[$0] == nil }
    let begun = ahead.withLock { ahead in
      defer { ahead = nil }
      return ahead?.indices == missing ? ahead?.reading : nil
    }
    let read = missing.isEmpty ? [] : try (begun ?? reading(missing)).wait().map { try $0.get() }
    var next = read.makeIterator()
    return indices.map { kept[$0] ?? next.next()! }
  }

  /// Begins to read those of the pictures, on other threads, that memory does not hold.
  package func readAhead(_ indices: [Int]) {
    let missing = indices.filter { kept[$0] == nil }
    guard !missing.isEmpty else { return }
    let begun = reading(missing)
    ahead.withLock { $0 = (missing, begun) }
  }

  private func reading(_ indices: [Int]) -> ReadingAhead<Result<Picture, any Error>> {
    let preprocessor = preprocessor
    return ReadingAhead(indices.map { paths[$0] }) { path in
      Result { try preprocessor(contentsOf: path).resized }
    }
  }
}

extension Picture {
  /// The bytes that the samples take.
  var byteCount: Int {
    switch samples {
    case .eightBit(let values): values.count
    case .sixteenBit(let values): 2 * values.count
    }
  }
}
