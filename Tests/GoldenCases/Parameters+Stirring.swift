import BlemishTorch

extension Parameters {
  /// Moves every trainable tensor off its neutral start, so that no part of a flow is the identity.
  public func stir(by amount: Double) {
    withoutGradient {
      for (name, tensor) in trainable {
        tensor.add_(Tensor(Golden.uniform(name, tensor.count), shape: tensor.shape), alpha: amount)
      }
    }
  }
}
