import BlemishFiles
import BlemishSupport

/// What is wrong with the weights that a layer was to be built from.
public enum ParameterError: Error, CustomStringConvertible, Equatable {
  /// The source has no tensor of this name.
  case missing(name: String)
  /// The tensor has another shape than the layer needs.
  case shape(name: String, expected: [Int], found: [Int])
  /// The tensor holds a NaN or an infinity.
  case notFinite(name: String)
  /// The tensor is not a permutation of the whole numbers below its length.
  case notPermutation(name: String)
  /// The source holds tensors that no layer asked for.
  case leftOver(names: [String])

  /// What is wrong, with the tensor's name.
  public var description: String {
    switch self {
    case .missing(let name): "the weights have no tensor '\(name)'"
    case .shape(let name, let expected, let found):
      "the tensor '\(name)' has shape \(found), but \(expected) is needed"
    case .notFinite(let name): "the tensor '\(name)' holds a NaN or an infinite number"
    case .notPermutation(let name): "the tensor '\(name)' is not a permutation"
    case .leftOver(let names):
      "the weights hold \(names.count) tensors that do not belong to the model: "
        + names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", ..." : "")
    }
  }
}

/// The named tensors of a model: layers declare theirs on a ``ParameterPath`` and so match published state
/// dicts without tables.
///
/// All tensors are newly initialised, or all come from a state dict, or all are others' own.
public final class Parameters {
  /// What is left of a state dict; nil where there was none.
  private var source: [String: StoredTensor]?
  private let shared: Parameters?
  /// Where the tensors live.
  public let device: Device
  /// What the numbers that enter the layers' products are rounded to. The tensors themselves, their gradients, and what
  /// a network gives in the end are single precision whatever it is.
  public let productType: ElementType
  /// The shapes of the tensors that layers took out of the state dict.
  private var taken: [String: [Int]] = [:]
  private var declared: Set<String> = []
  private var order: [String] = []
  private var tensors: [String: Tensor] = [:]
  private var trainableNames: Set<String> = []
  private let seed: UInt64
  private let storesConstants: Bool

  /// Parameters that start from their initialisers. The same seed gives the same numbers.
  /// - Parameter storesConstants: whether these parameters hold the tensors that training leaves alone, as files of them
  ///   need. If not, only the layers do, so that memory is freed where a layer has brought a tensor into another order.
  public init(
    seed: UInt64, device: Device = .cpu, productType: ElementType = .float32, storesConstants: Bool = true
  ) {
    source = nil
    shared = nil
    self.seed = seed
    self.storesConstants = storesConstants
    self.device = device
    self.productType = productType
  }

  /// Parameters that come from a state dict.
  /// - Parameter storesConstants: as for new ones.
  public init(
    _ source: [String: StoredTensor], device: Device = .cpu, productType: ElementType = .float32,
    storesConstants: Bool = true
  ) {
    self.source = source
    shared = nil
    self.storesConstants = storesConstants
    seed = 0
    self.device = device
    self.productType = productType
  }

  /// The same tensors for a second network of the same layers, but copies of those that training leaves alone, such as
  /// running means: each network then has its own.
  public init(sharing parameters: Parameters) {
    source = nil
    shared = parameters
    storesConstants = parameters.storesConstants
    seed = 0
    device = parameters.device
    productType = parameters.productType
  }

  /// The path at which names begin.
  public var root: ParameterPath { ParameterPath(parameters: self, prefix: "") }

  /// All tensors that are held, by name.
  public var all: [String: Tensor] { tensors }

  /// The tensors that training changes, in the order of their declaration.
  public var trainable: [(name: String, tensor: Tensor)] {
    order.filter(trainableNames.contains).map { ($0, tensors[$0]!) }
  }

  /// The shape of a tensor of the source; nil where there is no such tensor, or no source.
  func sourceShape(_ name: String) -> [Int]? {
    source?[name]?.shape ?? taken[name] ?? shared?.tensors[name]?.shape
  }

  /// Whether the tensors come from a state dict.
  var hasSource: Bool { source != nil || shared?.hasSource == true }

  /// Checks that every tensor of the source belongs to a layer.
  /// - Throws: ``ParameterError/leftOver(names:)``.
  public func requireNothingLeftOver() throws {
    let left = (source ?? [:]).keys.sorted()
    guard left.isEmpty else { throw ParameterError.leftOver(names: left) }
  }

  /// All tensors that are held, in the form in which files hold them.
  public func stateDict() -> [String: StoredTensor] { tensors.mapValues(\.stored) }

  fileprivate func declare(
    _ name: String, _ shape: [Int], trainable: Bool, elementType: ElementType, channelsLast: Bool = false,
    initial: (inout RandomStream) -> Tensor
  ) throws -> Tensor {
    precondition(declared.insert(name).inserted, "'\(name)' is declared twice")
    if let shared {
      guard let tensor = shared.tensors[name] else { throw ParameterError.missing(name: name) }
      guard tensor.shape == shape else {
        throw ParameterError.shape(name: name, expected: shape, found: tensor.shape)
      }
      return trainable ? tensor : tensor.clone()
    }
    var tensor: Tensor
    if source != nil {
      // It leaves the state dict, so that a large file's tensors are not held twice.
      guard let stored = source?.removeValue(forKey: name) else { throw ParameterError.missing(name: name) }
      guard stored.shape == shape else {
        throw ParameterError.shape(name: name, expected: shape, found: stored.shape)
      }
      taken[name] = stored.shape
      tensor = Tensor(stored).to(elementType)
      guard elementType == .int64 || tensor.isFinite else { throw ParameterError.notFinite(name: name) }
    } else {
      var random = RandomStream(seed: seed, name: name)
      tensor = initial(&random)
    }
    tensor = tensor.to(device: device)
    if channelsLast {
      let order = Tensor.channelsLastOrder(shape.count)
      tensor = tensor.permute(order).contiguous().permute(shape.indices.map { order.firstIndex(of: $0)! })
    }
    if trainable {
      tensor.requiringGradient()
      trainableNames.insert(name)
    }
    if trainable || storesConstants { tensors[name] = tensor }
    order.append(name)
    return tensor
  }
}

/// A place in the hierarchy of names, such as `blocks.3.attn`.
public struct ParameterPath {
  let parameters: Parameters
  let prefix: String

  /// The place below with a name.
  public static func / (path: ParameterPath, name: String) -> ParameterPath {
    ParameterPath(parameters: path.parameters, prefix: path.name(name))
  }

  /// The place below with a number.
  public static func / (path: ParameterPath, index: Int) -> ParameterPath { path / String(index) }

  /// The full name of a tensor at this place.
  public func name(_ last: String) -> String { prefix.isEmpty ? last : "\(prefix).\(last)" }

  /// Where the tensors live.
  public var device: Device { parameters.device }

  /// What the numbers that enter products are rounded to.
  public var productType: ElementType { parameters.productType }

  /// Whether the tensors come from a state dict, and do not start from their initialisers.
  public var hasWeights: Bool { parameters.hasSource }

  /// The shape that the state dict gives a tensor at this place, for layers whose sizes are those of their weights;
  /// nil where it has none.
  public func weightShape(_ name: String) -> [Int]? { parameters.sourceShape(self.name(name)) }

  /// Declares a tensor that training changes.
  /// - Parameter channelsLast: whether the last dimension but two, the channels, varies fastest in memory.
  /// - Throws: ``ParameterError`` when the weights do not have it in this shape.
  public func parameter(
    _ name: String, _ shape: [Int], _ initializer: Initializer, channelsLast: Bool = false
  ) throws -> Tensor {
    try parameters.declare(
      self.name(name), shape, trainable: true, elementType: .float32, channelsLast: channelsLast
    ) {
      initializer.tensor(shape, &$0)
    }
  }

  /// Declares a tensor that training leaves alone.
  /// - Throws: ``ParameterError`` when the weights do not have it in this shape.
  public func constant(_ name: String, _ shape: [Int], _ initializer: Initializer) throws -> Tensor {
    try parameters.declare(self.name(name), shape, trainable: false, elementType: .float32) {
      initializer.tensor(shape, &$0)
    }
  }

  /// Declares a permutation of `count` indices, random unless the weights give it. Entry i is the source of
  /// output i.
  /// - Throws: ``ParameterError`` when the weights hold no permutation of this length there.
  public func permutation(_ name: String, _ count: Int) throws -> [Int] {
    let tensor = try parameters.declare(self.name(name), [count], trainable: false, elementType: .int64) {
      Tensor((0..<Int64(count)).shuffled(using: &$0), shape: [count])
    }
    let indices = tensor.elements(Int64.self)
    guard indices.sorted() == Array(0..<Int64(count)) else {
      throw ParameterError.notPermutation(name: self.name(name))
    }
    return indices.map { Int($0) }
  }
}

/// How a new parameter starts.
public enum Initializer: Sendable {
  /// Every element the same.
  case constant(Double)
  /// Even between minus and plus this bound.
  case uniform(bound: Double)
  /// Normal with mean zero and this standard deviation.
  case normal(standardDeviation: Double)

  /// Even within one over the square root of the number of inputs: PyTorch's choice for convolutions.
  public static func fanIn(_ count: Int) -> Initializer {
    .uniform(bound: 1 / Double(max(count, 1)).squareRoot())
  }

  /// A tensor of this shape from a stream of its own.
  func tensor(_ shape: [Int], _ random: inout RandomStream) -> Tensor {
    let count = shape.reduce(1, *)
    switch self {
    case .constant(let value):
      return .full(shape, value)
    case .uniform(let bound):
      return Tensor((0..<count).map { _ in Float(random.unit() * 2 - 1) * Float(bound) }, shape: shape)
    case .normal(let deviation):
      return Tensor((0..<count).map { _ in Float(random.normal() * deviation) }, shape: shape)
    }
  }
}
