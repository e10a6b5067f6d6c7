/// A picture size as a user asks for it.
public enum RequestedSize: Sendable, Equatable, CustomStringConvertible {
  /// The shorter side, where all pictures have one shape; squares, where they have not.
  case side(Int)
  /// The median rows and columns of the training pictures.
  case own
  /// These rows and columns.
  case exact(height: Int, width: Int)

  /// As the command line has it.
  public var description: String {
    switch self {
    case .side(let side): "\(side)"
    case .own: "own"
    case .exact(let height, let width): "\(height)x\(width)"
    }
  }
}
