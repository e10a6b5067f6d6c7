import BlemishSynthesis
import BlemishTorch

/// A plain Gaussian over the features of good pictures, the same at every position, one for each scale: the
/// simplest detector there is, which tells within seconds what a backbone's features are worth.
struct FeatureGaussian {
  private let means: [Tensor]
  /// The matrices that take what is left after the mean to independent variables of variance 1, `[channels, channels]`:
  /// their transposed Cholesky factors times themselves are the inverse covariances.
  private let whitenings: [Tensor]

  /// Gathers moments batch by batch.
  struct Moments {
    private var counts: [Double] = []
    private var sums: [Tensor] = []
    private var products: [Tensor] = []

    /// Adds feature maps `[batch, channels, height, width]`, one a scale.
    mutating func add(_ features: [Tensor]) {
      for (scale, map) in features.enumerated() {
        // Double precision: a variance is a small difference of large sums.
        let rows = map.permute([0, 2, 3, 1]).reshape([-1, map.size(1)]).to(.float64)
        let (sum, product) = (rows.sum([0]), rows.transpose(0, 1).matmul(rows))
        if scale < sums.count {
          counts[scale] += Double(rows.size(0))
          sums[scale] = sums[scale] + sum
          products[scale] = products[scale] + product
        } else {
          counts.append(Double(rows.size(0)))
          sums.append(sum)
          products.append(product)
        }
      }
    }

    fileprivate func mean(_ scale: Int) -> Tensor { sums[scale] / counts[scale] }

    fileprivate func covariance(_ scale: Int) -> Tensor {
      let mean = mean(scale).unsqueeze(1)
      return products[scale] / counts[scale] - mean.matmul(mean.transpose(0, 1))
    }

    fileprivate var scales: Range<Int> { sums.indices }

    /// Whether all of them are numbers.
    var isFinite: Bool { products.allSatisfy(\.isFinite) }
  }

  /// The Gaussian of these moments. A thousandth of the mean variance is added to every variance, so that a
  /// channel that never fires does not decide.
  init(_ moments: Moments) {
    means = moments.scales.map { moments.mean($0).to(.float32) }
    whitenings = moments.scales.map { scale in
      let covariance = moments.covariance(scale)
      let identity = Tensor.eye(covariance.size(0), like: covariance)
      let floor = (covariance * identity).sum() * (1e-3 / Double(covariance.size(0))) + 1e-12
      return (covariance + identity * floor).inverse().cholesky().transpose(0, 1).to(.float32)
    }
  }

  /// For every scale the linear map that makes features independent, of mean 0 and variance 1: a 1 x 1 convolution.
  var whitening: [(weight: Tensor, bias: Tensor)] {
    zip(whitenings, means).map { matrix, mean in
      (matrix.unsqueeze(2).unsqueeze(3), -matrix.matmul(mean.unsqueeze(1)).squeeze(1))
    }
  }

  /// Squared Mahalanobis distances over the number of channels, summed over the scales, at the pictures' size
  /// `[batch, height, width]`.
  func map(_ features: [Tensor], height: Int, width: Int) -> Tensor {
    var sum: Tensor?
    for (scale, map) in features.enumerated() {
      let independent = (map.permute([0, 2, 3, 1]) - means[scale]).matmul(whitenings[scale].transpose(0, 1))
      let distance = independent.square().mean([3]).unsqueeze(1)
      let full = distance.interpolateBilinear(height: height, width: width)
      sum = sum.map { $0 + full } ?? full
    }
    return (sum ?? .zeros([0, 1, height, width])).squeeze(1)
  }
}
