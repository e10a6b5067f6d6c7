import BlemishFiles
import BlemishTorch

/// A Gaussian for each of some places, over the features there.
///
/// Of every covariance `L L^T` the inverse of L is held, which takes what is left of features after the mean to
/// independent variables of variance 1: the squared norm of these is the squared Mahalanobis distance.
struct PlaceGaussians: Sendable {
  /// `[places, channels, 1]`.
  private let means: Tensor
  /// `[places, channels, channels]`.
  private let whitenings: Tensor

  /// The Gaussians whose tensors lie at a path.
  /// - Throws: `ParameterError`.
  init(_ path: ParameterPath, places: Int, channels: Int) throws {
    means = try path.constant("means", [places, channels, 1], .constant(0))
    // Before they are fitted they are of no use, but not 0 either, for those who want to know how fast they are.
    whitenings = try path.constant(
      "whitenings", [places, channels, channels], .constant(1 / Double(channels)))
  }

  /// The features `[batch, channels, height, width]` as columns: `[places, channels, batch]` where every place is its own,
  /// else `[1, channels, batch * places]`.
  static func samples(_ features: Tensor, perPlace: Bool) -> Tensor {
    let channels = features.size(1)
    return perPlace
      ? features.permute([2, 3, 1, 0]).reshape([-1, channels, features.size(0)])
      : features.permute([1, 0, 2, 3]).reshape([1, channels, -1])
  }

  /// The squared Mahalanobis distances of columns `[places, channels, count]`: `[places, count]`.
  func squaredDistances(_ samples: Tensor) -> Tensor {
    whitenings.matmul(samples - means).square().sum([1])
  }

  /// Gathers means and covariances batch by batch, in double precision: a variance is a small difference of large sums.
  struct Moments {
    private let places: Int
    private let channels: Int
    private var count = 0
    private let sums: Tensor
    private let products: Tensor
    private var squares = 0.0

    init(places: Int, channels: Int) {
      self.places = places
      self.channels = channels
      sums = .zeros([places, channels, 1], elementType: .float64)
      products = .zeros([places, channels, channels], elementType: .float64)
    }

    /// Adds columns `[places, channels, count]` on the processor.
    mutating func add(_ samples: Tensor) {
      let samples = samples.to(.float64)
      count += samples.size(2)
      sums.add_(samples.sum([2], keepingDimensions: true))
      products.addMatrixProducts_(samples, samples.transpose(1, 2))
      squares += samples.square().sum().item
    }

    /// The mean variance over all places and channels; 0 where nothing differs but rounding errors.
    var meanVariance: Double {
      let means = sums / Double(count)
      let within = squares - Double(count) * means.square().sum().item
      guard within > squares * 1e-12 else { return within.isFinite ? 0 : .nan }
      return within / Double(max(count - 1, 1)) / Double(places * channels)
    }

    /// The tensors of the Gaussians, under their names.
    /// - Parameter added: to every variance.
    func tensors(adding added: Double, progress: (Double) -> Void) throws -> [String: StoredTensor] {
      let means = sums / Double(count)
      let whitenings = Tensor.zeros([places, channels, channels])
      let step = max((16 << 20) / (channels * channels), 1)
      for first in stride(from: 0, to: places, by: step) {
        try Task.checkCancellation()
        let length = min(step, places - first)
        let mean = means.narrow(0, from: first, length: length)
        let identity = Tensor.eye(channels, like: mean)
        let covariances =
          (products.narrow(0, from: first, length: length)
            - mean.matmul(mean.transpose(1, 2)) * Double(count)) / Double(count - 1) + identity * added
        let inverses = covariances.cholesky().solveLowerTriangular(
          identity.expand([length, channels, channels]))
        whitenings.narrow(0, from: first, length: length).copy_(inverses)
        progress(Double(first + length) / Double(places))
      }
      return ["means": means.to(.float32).stored, "whitenings": whitenings.stored]
    }
  }
}
