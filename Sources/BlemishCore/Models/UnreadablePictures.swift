import BlemishSupport

/// The pictures of a training or an evaluation that cannot be read. One in a hundred is left out, and one in any case;
/// where there are more, something is wrong with the whole, and this is the error.
public struct UnreadablePictures: Error, CustomStringConvertible {
  /// A picture that cannot be read.
  public struct Picture: Sendable {
    /// Where it is.
    public let path: String
    /// Why it cannot be read.
    public let error: any Error
  }

  /// How many pictures there are, readable or not.
  public let count: Int
  /// Those that cannot be read, in order.
  public private(set) var pictures: [Picture] = []

  package init(of count: Int) { self.count = count }

  /// How many of the pictures may be left out.
  public var most: Int { count > 1 ? max(count / 100, 1) : 0 }

  /// Leaves a picture out.
  /// - Throws: these pictures, where there are more of them than may be left out; `CancellationError`, which says nothing
  ///   of a picture.
  package mutating func add(_ path: String, _ error: any Error) throws {
    if error is CancellationError { throw error }
    pictures.append(Picture(path: path, error: error))
    if pictures.count > most { throw self }
  }

  /// The frames of a batch that could be read, each with its place among all pictures; the others are left out.
  /// - Parameter first: the place of the batch's first picture.
  /// - Throws: as ``add(_:_:)``.
  package mutating func readable(
    _ batch: [Result<Frame, any Error>], from first: Int, of paths: [String]
  ) throws -> [(place: Int, frame: Frame)] {
    var read: [(place: Int, frame: Frame)] = []
    for (place, result) in zip(first..., batch) {
      switch result {
      case .success(let frame): read.append((place, frame))
      case .failure(let error): try add(paths[place], error)
      }
    }
    return read
  }

  /// What to tell of every picture that is left out.
  package var notes: [String] { pictures.map { "left out: \($0.error)" } }

  /// Which pictures, and why.
  public var description: String {
    guard count > 1, let last = pictures.last else { return pictures.map { "\($0.error)" }.joined() }
    return "more than \(most) of \(count) pictures cannot be read: "
      + pictures.dropLast().map { printable($0.path) + ", " }.joined() + "\(last.error)"
  }
}
