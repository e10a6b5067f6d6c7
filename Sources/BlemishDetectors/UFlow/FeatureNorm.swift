import BlemishCore
import BlemishTorch

/// A trainable LayerNorm over channels, height and width of one feature map.
struct FeatureNorm {
  private let weight: Tensor
  private let bias: Tensor

  init(_ path: ParameterPath, _ feature: FeatureShape) throws {
    let shape = [feature.channels, feature.height, feature.width]
    weight = try path.parameter("weight", shape, .constant(1), channelsLast: true)
    bias = try path.parameter("bias", shape, .constant(0), channelsLast: true)
  }

  /// The norm, channels-last in memory as all that follows wants it. For its derivative the features stay in memory
  /// as they came, in training with 16 bits.
  func callAsFunction(_ x: Tensor) -> Tensor {
    Tensor.withDerivative(of: [x, weight.permute([1, 2, 0]), bias.permute([1, 2, 0])]) { needed in
      let (x, weight, bias) = (x.detach(), weight.permute([1, 2, 0]), bias.permute([1, 2, 0]))
      func pixels(_ map: Tensor) -> Tensor { map.channelsLast(.float32).permute([0, 2, 3, 1]) }
      let norm = pixels(x).nativeLayerNorm(weight.shape, weight: weight, bias: bias)
      let (mean, inverseDeviation) = (norm.mean, norm.inverseDeviation)
      return (
        [norm.value.permute([0, 3, 1, 2])],
        { gradients in
          guard let gradient = gradients[0], let needed else { return [nil, nil, nil] }
          let found = pixels(gradient).layerNormBackward(
            input: pixels(x), mean: mean, inverseDeviation: inverseDeviation, weight: weight, bias: bias,
            needed: needed)
          guard found.count == 3 else { return [nil, nil, nil] }
          return [needed[0] ? found[0].permute([0, 3, 1, 2]).to(x.elementType) : nil, found[1], found[2]]
        }
      )
    }[0]
  }
}
