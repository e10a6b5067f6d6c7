import Torch

/// A model of the density of a picture's features: from features to latent variables and their
/// log-determinant, from latents to maps and a score.
///
/// Training, evaluation and inspection know nothing else of U-Flow and MSFlow. The a contrario test takes
/// latents and so serves every detector.
public protocol Detector {
  /// By how much ``prepared(_:)`` divides height and width, rounded up. Detectors with the same number must prepare
  /// features in the same way, as those on disk are told apart by it.
  static var pooling: Int { get }
  /// What the flow takes of feature maps `[batch, channels, height, width]`, finest scale first: that part of the work
  /// which no training changes, so that trainings do it once.
  func prepared(_ features: [Tensor]) -> [Tensor]
  /// The latents of prepared feature maps.
  func latents(_ prepared: [Tensor]) -> Latents
  /// Anomaly maps and scores of every picture of a batch, of its latents at all scales, finest first.
  func maps(_ z: [Tensor], height: Int, width: Int) -> Maps
}

extension Detector {
  /// Nothing is pooled.
  public static var pooling: Int { 1 }
  /// The features as they are.
  public func prepared(_ features: [Tensor]) -> [Tensor] { features }
  /// The latents of feature maps `[batch, channels, height, width]`, finest scale first.
  public func callAsFunction(_ features: [Tensor]) -> Latents { latents(prepared(features)) }
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

/// What a detector says of a batch of pictures; larger is more anomalous.
public struct Maps {
  /// Where, `[batch, height, width]`: the map that pixels are judged by.
  public var localization: Tensor
  /// The map that pictures are judged by and whose overlap with regions is measured (PRO), `[batch, height, width]`;
  /// nil where that is ``localization`` too.
  public var detection: Tensor?
  /// How anomalous each picture is, `[batch]`.
  public var imageScore: Tensor
}

/// The shape of one of a backbone's feature maps.
public struct FeatureShape: Sendable, Codable, Equatable, CustomStringConvertible {
  /// Channels.
  public var channels: Int
  /// Rows.
  public var height: Int
  /// Columns.
  public var width: Int

  /// A shape.
  public init(channels: Int, height: Int, width: Int) {
    self.channels = channels
    self.height = height
    self.width = width
  }

  /// The shape with height and width divided, rounded up.
  func pooled(_ side: Int) -> FeatureShape {
    FeatureShape(
      channels: channels, height: (height + side - 1) / side, width: (width + side - 1) / side)
  }

  /// The shape in the order of a tensor's dimensions.
  public var description: String { "\(channels) x \(height) x \(width)" }
}
