import BlemishFiles

/// Adam (Kingma and Ba, arXiv 1412.6980) as one fused operator over all parameters. Weight decay is added to the
/// gradient as PyTorch's `Adam` does, or taken from the parameters themselves as its `AdamW` does (Loshchilov and
/// Hutter, arXiv 1711.05101).
public final class Adam {
  private let parameters: [(name: String, tensor: Tensor)]
  private let firstMoments: [Tensor]
  private let secondMoments: [Tensor]
  private let steps: [Tensor]
  /// The order of every parameter's dimensions in which its memory is row-major; nil for their own. Below it, parameters
  /// and moments in that order, since the operator copies tensors that are not row-major.
  private let orders: [[Int]?]
  private let inOrder: [(value: Tensor, firstMoment: Tensor, secondMoment: Tensor)]
  /// The decay rates of the moments.
  public let betas: (Double, Double)
  /// How much of every parameter is added to its gradient, or taken from it at a step of rate 1.
  public let weightDecay: Double
  /// Whether weight decay leaves the gradient alone.
  public let decouplesWeightDecay: Bool
  /// Added to the root of the second moment.
  public let epsilon: Double

  /// An optimiser that starts without moments.
  public init(
    _ parameters: [(name: String, tensor: Tensor)], betas: (Double, Double) = (0.9, 0.999),
    weightDecay: Double = 0, decouplingWeightDecay: Bool = false, epsilon: Double = 1e-8
  ) {
    self.parameters = parameters
    self.betas = betas
    self.weightDecay = weightDecay
    decouplesWeightDecay = decouplingWeightDecay
    self.epsilon = epsilon
    let values = parameters.map { $0.tensor.detach() }
    let (firstMoments, secondMoments) = (values.map(\.zerosLike), values.map(\.zerosLike))
    (self.firstMoments, self.secondMoments) = (firstMoments, secondMoments)
    // Zeros on the device of their parameters, where the fused operator wants them.
    steps = firstMoments.map { $0.sum() }
    let orders = values.map(\.memoryOrder)
    self.orders = orders
    inOrder = values.indices.map { index in
      func inOrder(_ tensor: Tensor) -> Tensor { tensor.permuted(orders[index]) }
      return (inOrder(values[index]), inOrder(firstMoments[index]), inOrder(secondMoments[index]))
    }
  }

  /// Changes every parameter that has a gradient, and forgets the gradients.
  public func step(learningRate: Double) {
    let moving = parameters.indices.compactMap { index in
      parameters[index].tensor.gradient.map { (index, $0) }
    }
    guard !moving.isEmpty else { return }
    withoutGradient {
      // The operator takes the number of the step that it is about to do.
      callMany("aten::_foreach_add_.Scalar", [moving.map { steps[$0.0] }, 1], capacity: 1)
      callMany(
        decouplesWeightDecay ? "aten::_fused_adamw_" : "aten::_fused_adam_",
        [
          moving.map { inOrder[$0.0].value }, moving.map { $0.1.permuted(orders[$0.0]) },
          moving.map { inOrder[$0.0].firstMoment }, moving.map { inOrder[$0.0].secondMoment }, [Tensor](),
          moving.map { steps[$0.0] }, learningRate, betas.0, betas.1, weightDecay, epsilon, false, false,
        ], capacity: 1)
    }
    for (index, _) in moving {
      // The operator changes them without a trace.
      parameters[index].tensor.bumpVersion()
      parameters[index].tensor.clearGradient()
    }
  }

  /// The moments and step counts by name, to go on from later.
  public func stateDict() -> [String: StoredTensor] {
    var state: [String: StoredTensor] = [:]
    for (index, parameter) in parameters.enumerated() {
      state["first.\(parameter.name)"] = firstMoments[index].stored
      state["second.\(parameter.name)"] = secondMoments[index].stored
      state["step.\(parameter.name)"] = steps[index].stored
    }
    return state
  }

  /// Takes over what ``stateDict()`` gave.
  /// - Throws: ``ParameterError`` when the state belongs to other parameters or is not finite.
  public func load(_ state: [String: StoredTensor]) throws {
    func restore(_ name: String, _ tensor: Tensor) throws {
      guard let stored = state[name] else { throw ParameterError.missing(name: name) }
      guard stored.shape == tensor.shape else {
        throw ParameterError.shape(name: name, expected: tensor.shape, found: stored.shape)
      }
      let state = Tensor(stored)
      guard state.isFinite else { throw ParameterError.notFinite(name: name) }
      tensor.copy_(state)
    }
    for (index, parameter) in parameters.enumerated() {
      try restore("first.\(parameter.name)", firstMoments[index])
      try restore("second.\(parameter.name)", secondMoments[index])
      try restore("step.\(parameter.name)", steps[index])
    }
  }
}

/// Scales all gradients so that their joint Euclidean norm is at most `limit`.
/// - Returns: the norm before.
@discardableResult
public func clipGradientNorm(_ parameters: [Tensor], limit: Double) -> Double {
  let gradients = parameters.compactMap(\.gradient)
  guard !gradients.isEmpty else { return 0 }
  return withoutGradient {
    let norms = callMany("aten::_foreach_norm.Scalar", [gradients, 2], capacity: gradients.count)
    let norm = call("aten::linalg_vector_norm", Tensor.stack(norms)).item
    if norm > limit {
      callMany("aten::_foreach_mul_.Scalar", [gradients, limit / (norm + 1e-6)], capacity: 1)
    }
    return norm
  }
}
