/// What is wrong with a backbone that was asked for, or with its weights.
public enum BackboneError: Error, Equatable {
  /// The catalogue has no backbone of this name.
  case unknown(name: String, known: [String])
  /// The catalogue has a backbone of this name already.
  case alreadyKnown(name: String)
  /// No file of weights was given, and the backbone needs those of a component.
  case missingWeights(backbone: String, component: String, source: BackboneDescription.Component.Source)
  /// The one file of weights that was given is of something else than the component.
  case wrongWeights(
    component: String, difference: BackboneDescription.Component.Difference,
    source: BackboneDescription.Component.Source)
  /// None of several files that were given is of the component.
  case noFileFits(component: String, files: Int, source: BackboneDescription.Component.Source)
  /// Weights were given for a backbone that draws its own from a seed.
  case takesNoWeights(backbone: String)
  /// More than one file of weights was given for a backbone that takes one.
  case takesOneFile(backbone: String, files: Int)
  /// A state dict holds a component several times, below each of these prefixes.
  case repeatedComponent(name: String, prefixes: [String])
  /// The weights of an embedded network have another number of stages than it may have.
  case stages(found: Int, allowed: ClosedRange<Int>)
  /// The weights whiten some of the feature maps and not all.
  case incompleteWhitening(maps: Int, needed: Int)
}

extension BackboneError: CustomStringConvertible {
  /// What is the case, in a sentence.
  public var description: String {
    switch self {
    case .unknown(let name, let known):
      "There is no backbone '\(name)'; there are \(known.joined(separator: ", "))."
    case .alreadyKnown(let name): "There are two backbones of the name '\(name)'."
    case .missingWeights(let backbone, let component, let source):
      "The backbone \(backbone) needs the weights of \(component), which are published at \(source.address)."
    case .wrongWeights(let component, let difference, _):
      "The file of weights is not of \(component): \(difference)."
    case .noFileFits(let component, let files, _):
      "None of the \(files) files holds the weights of \(component)."
    case .takesNoWeights(let backbone):
      "The backbone \(backbone) takes no weights: they are drawn from a fixed seed."
    case .takesOneFile(let backbone, let files):
      "The backbone \(backbone) takes one file of weights, not \(files)."
    case .repeatedComponent(let name, let prefixes):
      "The file holds \(name) \(prefixes.count) times, below "
        + prefixes.map { "'\($0)'" }.joined(separator: ", ") + "."
    case .stages(let found, let allowed):
      "The weights are of a network of \(found) stages; the embedded backbone has \(allowed.lowerBound) to "
        + "\(allowed.upperBound)."
    case .incompleteWhitening(let maps, let needed):
      "The weights whiten \(maps) of the \(needed) feature maps; they must whiten all or none."
    }
  }
}
