import BlemishTorch

/// A detector that is fitted by gradient steps on a loss, such as a normalizing flow.
public protocol GradientFitted: Detector {
  /// How the published code trains the detector.
  static var schedule: TrainingSchedule { get }
  /// The loss of every picture of a batch, `[batch]`; for a flow, its negative log-likelihood up to a constant, in nats.
  func losses(_ prepared: [Tensor]) -> Tensor
}
