import CTorch

/// Runs the body without recording operators for differentiation.
public func withoutGradient<Result>(_ body: () throws -> Result) rethrows -> Result {
  let before = ct_gradient_mode()
  ct_set_gradient_mode(false)
  defer { ct_set_gradient_mode(before) }
  return try body()
}

extension Tensor {
  /// Adds the derivative of this scalar to ``gradient`` of every tensor that it was computed from and that
  /// requires one.
  public func backward() { report(ct_backward(pointer)) }

  /// The gradient that ``backward()`` accumulated.
  public var gradient: Tensor? { ct_gradient(pointer).map { Tensor(owning: $0) } }

  /// Forgets the accumulated gradient.
  public func clearGradient() { ct_clear_gradient(pointer) }

  /// Whether operators on the tensor are recorded.
  public var requiresGradient: Bool { ct_requires_gradient(pointer) }

  /// Says whether operators on the tensor are recorded, and returns it.
  @discardableResult
  public func requiringGradient(_ required: Bool = true) -> Tensor {
    report(ct_set_requires_gradient(pointer, required))
    return self
  }

  /// The same memory, cut off from what it was computed from.
  public func detach() -> Tensor { call("aten::detach", self) }
}
