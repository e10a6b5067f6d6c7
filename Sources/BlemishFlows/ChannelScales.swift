import BlemishTorch
import Foundation

/// The scales that a coupling has for every channel, whatever its subnet says, of a trained parameter g:
/// `0.1 * softplus(g)` with `softplus(g) = 2 log(1 + exp(g / 2))`. On the processor; a few numbers, for which operators
/// would take longer to begin than to compute.
struct ChannelScales {
  /// The scales, `[channels]`.
  let values: Tensor
  /// The sum of their logarithms.
  let sumOfLogarithms: Double
  private let parameter: Tensor

  /// The scales of a parameter `[1, channels, 1, 1]`.
  init(_ parameter: Tensor) {
    self.parameter = parameter.detach()
    var values = [Float](repeating: 1, count: parameter.count)
    withMemory(of: [parameter]) {
      let g = parameter.memory(of: Float.self)
      for channel in values.indices {
        values[channel] = 0.2 * (max(g[channel] / 2, 0) + log1p(exp(-abs(g[channel] / 2))))
      }
    }
    sumOfLogarithms = values.reduce(0) { $0 + log(Double($1)) }
    self.values = Tensor(values, shape: [values.count])
  }

  /// The gradient of the parameter from that of the logarithm of every scale.
  func gradient(_ ofLogarithms: [Float]) -> Tensor {
    var gradient = ofLogarithms
    withMemory(of: [parameter, values]) {
      let (g, values) = (parameter.memory(of: Float.self), values.memory(of: Float.self))
      for channel in gradient.indices {
        let slope = 0.1 / (1 + exp(-g[channel] / 2))
        gradient[channel] *= slope / values[channel]
      }
    }
    return Tensor(gradient, shape: parameter.shape)
  }
}
