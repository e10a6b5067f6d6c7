import BlemishCore
import BlemishSupport

/// What stands in the way of an exchange with published code.
public enum ExchangeError: Error, CustomStringConvertible {
  /// The file's extension does not say what kind of file it is.
  case unknownKind(path: String, known: [String])
  /// The detector's published code has no checkpoints, or there is no such code.
  case noPublishedCode(detector: String)
  /// Files are not the weights of the backbone that the model was trained with.
  case otherWeights(paths: [String], backbone: String)
  /// The file is a Blemish model already.
  case alreadyAModel
  /// The checkpoint is for features that no backbone gives.
  case noBackbone(channels: [Int])
  /// The backbone that was named does not give the checkpoint's features; those that do.
  case unfitBackbone(String, channels: [Int], fitting: [String])
  /// The checkpoint fits several backbones, and holds the weights of none.
  case severalBackbones([String], channels: [Int])
  /// The checkpoint has no pictures whose own size could be taken.
  case noOwnSize
  /// Its feature maps are not those of one picture.
  case noPicture(features: [FeatureShape], backbone: String)
  /// It is for pictures of one size, and another was asked for.
  case otherSize(expected: (height: Int, width: Int), asked: (height: Int, width: Int))

  /// What stands in the way.
  public var description: String {
    func list(_ channels: [Int]) -> String { channels.map(String.init).joined(separator: ", ") }
    switch self {
    case .unknownKind(let path, let known):
      return "\(printable(path)): its extension must say the kind of file: "
        + known.map { ".\($0)" }.joined(separator: ", ")
    case .noPublishedCode(let detector):
      return "the detector \(detector) has no published code that reads checkpoints"
    case .otherWeights(let paths, let backbone):
      return
        "\(paths.joined(separator: ", ")): not the weights of \(backbone) that the model was trained with"
    case .alreadyAModel: return "it is a Blemish model already"
    case .noBackbone(let channels):
      return "it is for features of \(list(channels)) channels, which no backbone here gives"
    case .unfitBackbone(let name, let channels, let fitting):
      return "it is for features of \(list(channels)) channels, which \(name) does not give; what fits is "
        + fitting.joined(separator: ", ")
    case .severalBackbones(let names, let channels):
      return
        "its features of \(list(channels)) channels can be those of \(names.joined(separator: ", ")), and it does "
        + "not hold the backbone's weights: say which it was"
    case .noOwnSize: return "a checkpoint has no pictures of its own: give the size in numbers"
    case .noPicture(let features, let backbone):
      return "its feature maps \(features) are not those of one picture at \(backbone)"
    case .otherSize(let expected, let asked):
      return "it is for pictures of \(expected.height)x\(expected.width), not \(asked.height)x\(asked.width)"
    }
  }
}
