extension Tensor {
  /// A two-dimensional convolution of `[batch, channels, height, width]` with zeros around.
  public func conv2d(
    _ weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, groups: Int = 1
  ) -> Tensor {
    let y = call("aten::conv2d", self, weight, bias, [stride, stride], [padding, padding], [1, 1], groups)
    OperationCount.add(output: y, weight: weight)
    return y
  }

  /// The gradient of a rectifier's input from that of its output, which this is.
  public func thresholdBackward(_ output: Tensor) -> Tensor {
    call("aten::threshold_backward", self, output, 0)
  }

  /// `self * weight^T + bias` over the last dimension.
  public func linear(_ weight: Tensor, bias: Tensor? = nil) -> Tensor {
    OperationCount.add(results: count / max(weight.size(1), 1) * weight.size(0), length: weight.size(1))
    return call("aten::linear", self, weight, bias)
  }

  /// Normalises over the last dimensions, those of `shape`.
  public func layerNorm(_ shape: [Int], weight: Tensor?, bias: Tensor?, epsilon: Double = 1e-5) -> Tensor {
    call("aten::layer_norm", self, shape, weight, bias, epsilon)
  }

  /// ``layerNorm(_:weight:bias:epsilon:)``, with what its derivative asks for: means and inverse deviations.
  public func nativeLayerNorm(_ shape: [Int], weight: Tensor, bias: Tensor, epsilon: Double = 1e-5) -> (
    value: Tensor, mean: Tensor, inverseDeviation: Tensor
  ) {
    let found = callMany("aten::native_layer_norm", [self, shape, weight, bias, epsilon], capacity: 3)
    guard found.count == 3 else { return (.undefined, .undefined, .undefined) }
    return (found[0], found[1], found[2])
  }

  /// The gradients of a normalisation's input, weight and bias from that of its output, which this is; what is not
  /// needed is undefined.
  public func layerNormBackward(
    input: Tensor, mean: Tensor, inverseDeviation: Tensor, weight: Tensor, bias: Tensor, needed: [Bool]
  ) -> [Tensor] {
    callMany(
      "aten::native_layer_norm_backward",
      [self, input, weight.shape, mean, inverseDeviation, weight, bias, needed], capacity: 3)
  }

  /// Normalises every channel of `[batch, channels, height, width]` by the mean and variance of the batch, and moves
  /// the running ones, in their own memory, by the part `momentum` towards them.
  public func batchNorm(
    weight: Tensor, bias: Tensor, runningMean: Tensor, runningVariance: Tensor, momentum: Double = 0.1,
    epsilon: Double = 1e-5
  ) -> Tensor {
    call("aten::batch_norm", self, weight, bias, runningMean, runningVariance, true, momentum, epsilon, true)
  }

  /// The mean binary cross-entropy of these logits against `targets` in [0, 1] of the same shape.
  /// - Parameter positiveWeight: how much more the positive part counts, a scalar tensor.
  public func binaryCrossEntropyWithLogits(_ targets: Tensor, positiveWeight: Tensor) -> Tensor {
    call("aten::binary_cross_entropy_with_logits", self, targets, nil, positiveWeight)
  }

  /// Mirrors `[batch, channels, height, width]` at its borders, which are not repeated.
  public func reflectionPad2d(_ padding: Int) -> Tensor {
    call("aten::reflection_pad2d", self, [padding, padding, padding, padding])
  }

  /// Zeros around `[batch, channels, height, width]`: so many rows above and below, and columns left and right.
  public func zeroPad2d(above: Int, below: Int, left: Int, right: Int) -> Tensor {
    call("aten::constant_pad_nd", self, [left, right, above, below], 0)
  }

  /// The largest value in each window.
  public func maxPool2d(_ kernel: Int, stride: Int, padding: Int) -> Tensor {
    call("aten::max_pool2d", self, [kernel, kernel], [stride, stride], [padding, padding])
  }

  /// The mean of each window; zeros around count.
  public func avgPool2d(_ kernel: Int, stride: Int, padding: Int) -> Tensor {
    call("aten::avg_pool2d", self, [kernel, kernel], [stride, stride], [padding, padding])
  }

  /// Means over a grid of `height` x `width` windows that cover the whole.
  public func adaptiveAvgPool2d(height: Int, width: Int) -> Tensor {
    call("aten::adaptive_avg_pool2d", self, [height, width])
  }

  /// The largest element over areas that divide `[batch, channels, height, width]` as evenly as can be.
  public func adaptiveMaxPool2d(height: Int, width: Int) -> Tensor {
    callMany("aten::adaptive_max_pool2d", [self, [height, width]], capacity: 2)[0]
  }

  /// Bilinear interpolation of `[batch, channels, height, width]`, not antialiased.
  public func interpolateBilinear(height: Int, width: Int, aligningCorners: Bool = false) -> Tensor {
    call("aten::upsample_bilinear2d", self, [height, width], aligningCorners)
  }

  /// Every element repeated to fill `[batch, channels, height, width]`.
  public func interpolateNearest(height: Int, width: Int) -> Tensor {
    call("aten::upsample_nearest2d", self, [height, width])
  }

  /// Bicubic interpolation of `[batch, channels, height, width]`, not antialiased.
  public func interpolateBicubic(height: Int, width: Int, aligningCorners: Bool = false) -> Tensor {
    call("aten::upsample_bicubic2d", self, [height, width], aligningCorners)
  }

  /// Four channels become one of twice the height and width: channel 4c + 2i + j goes to pixel (2y + i, 2x + j).
  public func pixelShuffle(_ factor: Int) -> Tensor { call("aten::pixel_shuffle", self, factor) }

  /// The inverse of ``pixelShuffle(_:)``.
  public func pixelUnshuffle(_ factor: Int) -> Tensor { call("aten::pixel_unshuffle", self, factor) }
}
