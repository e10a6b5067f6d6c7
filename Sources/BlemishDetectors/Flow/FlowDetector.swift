import BlemishCore
import BlemishTorch

/// A normalizing flow: a model of the density of a picture's features, which takes them to latent variables that are
/// independent and standard normal on good pictures.
public protocol FlowDetector: GradientFitted {
  /// The latents of prepared feature maps `[batch, channels, height, width]`, finest scale first.
  func latents(_ prepared: [Tensor]) -> Latents
  /// Anomaly maps and scores of every picture of a batch, of its latents z at all scales.
  func maps(of z: [Tensor], height: Int, width: Int) -> Maps
}

extension FlowDetector {
  /// The latent variables.
  public func response(to prepared: [Tensor]) -> Response { Response(latents(prepared).z) }
  /// Those of the latents.
  public func maps(of response: Response, height: Int, width: Int) -> Maps {
    maps(of: response.scales, height: height, width: width)
  }
  /// What the flow is trained for.
  public static var responseIsStandardNormal: Bool { true }
  /// The negative log-likelihoods.
  public func losses(_ prepared: [Tensor]) -> Tensor { latents(prepared).negativeLogLikelihood }
  /// The latents of feature maps `[batch, channels, height, width]`, finest scale first.
  public func callAsFunction(_ features: [Tensor]) -> Latents { latents(Self.prepared(features)) }
}

/// The latent variables of a batch of pictures.
public struct Latents {
  /// One tensor a scale, `[batch, channels, height, width]`, finest first.
  public var z: [Tensor]
  /// log|det J| of every picture, `[batch]`.
  public var logDeterminant: Tensor

  /// Latents with their log-determinant.
  public init(z: [Tensor], logDeterminant: Tensor) {
    self.z = z
    self.logDeterminant = logDeterminant
  }

  /// The negative log-likelihood of every picture up to a constant: half the squared norm of z over all scales,
  /// less log|det J|; `[batch]`.
  public var negativeLogLikelihood: Tensor {
    z.reduce(-logDeterminant) { $0 + Self.halfSquaredNorm($1) }
  }

  /// With its derivative, which is z times that of the norm: recorded operators would hold three more maps of z's size.
  private static func halfSquaredNorm(_ z: Tensor) -> Tensor {
    Tensor.withDerivative(of: [z]) { _ in
      let z = z.detach()
      return ([z.square().sum([1, 2, 3]) * 0.5], { [$0[0].map { z * $0.reshape([-1, 1, 1, 1]) }] })
    }[0]
  }

  /// The training loss: the mean of ``negativeLogLikelihood`` over the batch.
  public var loss: Tensor { negativeLogLikelihood.mean() }
}
