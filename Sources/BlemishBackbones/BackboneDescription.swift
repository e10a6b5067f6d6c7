import BlemishFiles
import BlemishTorch

/// A backbone by name: what it is, where its weights come from, how it is built.
///
/// A package outside registers a backbone of its own by adding such a value to a ``BackboneCatalogue``.
public struct BackboneDescription: Sendable {
  /// The name that commands and model files use.
  public let name: String
  /// The state dicts that it is made of: none for a backbone whose weights are drawn or in the program.
  public let components: [Component]
  /// The weights that are in the program, for a backbone that ships with it. Such a backbone can be tuned on the user's
  /// pictures.
  public let builtIn: (@Sendable () throws -> [String: StoredTensor])?
  /// The channels of each feature map, finest scale first.
  public let channels: [Int]
  /// How many input pixels a feature's step is, finest scale first.
  public let strides: [Int]
  /// The picture side to work at when the user names none.
  public let defaultSize: Int
  /// Sides of pictures are multiples of this.
  public let sizeMultiple: Int
  /// What the numbers of the feature maps are like.
  public let featureScale: FeatureScale
  /// Passes over the pictures that a detector on its features is trained for when the user names none; nil for as
  /// many as the detector was published with.
  public let epochs: Int?
  /// Whether a training puts a linear map behind every feature map that makes features independent, of mean 0 and
  /// variance 1, on good pictures (``WhitenedBackbone``).
  public let isWhitened: Bool
  /// The part of the anomaly map whose highest values' mean is a picture's score, where features are whitened: a single
  /// highest value is noise there. Nil for the detector's own score.
  package var scoreShare: Double? { isWhitened ? 0.005 : nil }
  let build: @Sendable (ParameterPath, Padding) throws -> any Backbone

  /// What the numbers of feature maps are like.
  public enum FeatureScale: String, Sendable, Codable {
    /// All channels have about the same mean and deviation: the network ends in a norm or in whitening.
    case normalised
    /// The numbers are activations as they come; their size differs from channel to channel.
    case raw
  }

  /// A backbone.
  /// - Parameters:
  ///   - name: the name that users and model files call it by; no other of a catalogue has it.
  ///   - components: the published state dicts that it is built from. With several, the tensors of each lie below the
  ///     component's name on the path that `build` gets; with one, they lie at the path itself.
  ///   - builtIn: weights in the program, for a backbone that needs no component.
  ///   - channels: the channels of each feature map, finest scale first.
  ///   - strides: how many input pixels a feature's step is, finest scale first.
  ///   - defaultSize: the picture side to work at when the user names none, a multiple of `sizeMultiple`.
  ///   - sizeMultiple: the sides of pictures are multiples of this.
  ///   - featureScale: what the numbers of the feature maps are like.
  ///   - epochs: passes over the pictures that a detector is trained for when the user names none; nil for as many as
  ///     the detector was published with.
  ///   - isWhitened: whether a training whitens the feature maps.
  ///   - build: makes the network from the tensors at a path. It declares each of them with
  ///     ``ParameterPath/constant(_:_:_:)``, whose initialiser makes a network without weights for benchmarks. The padding
  ///     says how convolutions continue the picture; a backbone with one way only may pass over it.
  public init(
    name: String, components: [Component] = [],
    builtIn: (@Sendable () throws -> [String: StoredTensor])? = nil, channels: [Int], strides: [Int],
    defaultSize: Int, sizeMultiple: Int, featureScale: FeatureScale, epochs: Int? = nil,
    isWhitened: Bool = false,
    build: @escaping @Sendable (ParameterPath, Padding) throws -> any Backbone
  ) {
    self.name = name
    self.components = components
    self.builtIn = builtIn
    self.channels = channels
    self.strides = strides
    self.defaultSize = defaultSize
    self.sizeMultiple = sizeMultiple
    self.featureScale = featureScale
    self.epochs = epochs
    self.isWhitened = isWhitened
    self.build = build
  }
}

extension BackboneDescription {
  /// The tensors that the backbone uses, out of state-dict files: their names get the component's name in front
  /// where the backbone has several.
  /// - Throws: ``BackboneError`` when the weights of a component are in no file, or files have no use.
  public func stateDict(from files: [WeightFile]) throws -> [String: StoredTensor] {
    if let builtIn {
      guard files.count <= 1 else { throw BackboneError.takesOneFile(backbone: name, files: files.count) }
      // A checkpoint of a pretraining holds the optimiser's state beside the network.
      return try files.first?.tensors.filter { !$0.key.hasPrefix("optimizer.") } ?? builtIn()
    }
    guard !components.isEmpty || files.isEmpty else { throw BackboneError.takesNoWeights(backbone: name) }
    var result: [String: StoredTensor] = [:]
    for component in components {
      let prefix = components.count > 1 ? component.name + "." : ""
      guard let tensors = try files.compactMap({ try component.tensors(in: $0.tensors) }).first else {
        throw missing(component, from: files)
      }
      for (name, tensor) in tensors { result[prefix + name] = tensor }
    }
    return result
  }

  private func missing(_ component: Component, from files: [WeightFile]) -> BackboneError {
    switch files.count {
    case 0: .missingWeights(backbone: name, component: component.name, source: component.source)
    case 1:
      .wrongWeights(
        component: component.name, difference: component.difference(from: files[0].tensors),
        source: component.source)
    default: .noFileFits(component: component.name, files: files.count, source: component.source)
    }
  }

  /// The tensors of each component, in the order of ``components``, under their published names, out of what
  /// ``stateDict(from:)`` gave.
  public func componentStateDicts(of stateDict: [String: StoredTensor]) -> [[String: StoredTensor]] {
    guard components.count > 1 else { return components.map { _ in stateDict } }
    return components.map { component in
      var result: [String: StoredTensor] = [:]
      for (name, tensor) in stateDict where name.hasPrefix(component.name + ".") {
        result[String(name.dropFirst(component.name.count + 1))] = tensor
      }
      return result
    }
  }

  /// Builds the backbone from the tensors that ``stateDict(from:)`` gave, without components from its seed; whitened, and
  /// with the embedded backbone's evidence, where the tensors have what that takes.
  /// - Throws: ``ParameterError`` when a tensor is missing, has another shape, or is not finite.
  public func build(
    _ stateDict: [String: StoredTensor],
    padding: Padding = .zeros,
    precision: Precision = .auto,
    device: Device = .cpu
  ) throws -> any Backbone {
    let parameters = Parameters(
      stateDict, device: device, productType: self.precision(precision, on: device).elementType,
      storesConstants: false)
    let network =
      components.isEmpty && builtIn == nil
      ? try buildGenerated(padding: padding, precision: precision, device: device)
      : try withoutGradient { try build(parameters.root, padding) }
    return try withoutGradient {
      let whitened: any Backbone = try WhitenedBackbone(network, parameters.root) ?? network
      return try JoinedBackbone(whitened, parameters.root) ?? whitened
    }
  }

  /// Weights with those of the embedded backbone beside them, for its evidence.
  /// - Throws: `DataFileError` when the embedded backbone's are not valid.
  public func joined(_ weights: [String: StoredTensor]) throws -> [String: StoredTensor] {
    var joined = weights
    for (name, tensor) in try EmbeddedWeights.stateDict() {
      joined["\(JoinedBackbone.name).\(name)"] = tensor
    }
    return joined
  }

  /// Builds the backbone with weights that are drawn: as fast as with pretrained ones, and of no use.
  /// - Throws: ``ParameterError``.
  public func buildGenerated(
    padding: Padding = .zeros, precision: Precision = .auto, device: Device = .cpu
  ) throws -> any Backbone {
    let parameters = Parameters(
      seed: Self.seed, device: device, productType: self.precision(precision, on: device).elementType,
      storesConstants: false)
    return try withoutGradient { try build(parameters.root, padding) }
  }

  /// What a choice means for this backbone on a device. The effect of 16-bit numbers on scores was measured with the
  /// built-in backbone alone.
  public func precision(_ choice: Precision, on device: Device) -> Precision {
    guard choice == .auto else { return choice }
    return builtIn == nil ? .float32 : .fastest(on: device)
  }

  /// The seed of the backbones whose weights are drawn.
  private static let seed: UInt64 = 20_221_122
}
