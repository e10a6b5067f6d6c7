import BlemishFiles
import BlemishTorch
import GoldenCases
import Testing

@testable import BlemishCore
@testable import BlemishDetectors

@Suite("The norm of features") struct FeatureNormTests {
  private let shape = FeatureShape(channels: 10, height: 6, width: 4)

  /// The norm and its parameters, off their neutral start.
  private func norm() throws -> (norm: FeatureNorm, parameters: Parameters) {
    let parameters = Parameters(seed: 2)
    let norm = try FeatureNorm(parameters.root / "norm", shape)
    parameters.stir(by: 0.3)
    return (norm, parameters)
  }

  @Test(arguments: [ElementType.float32, .float16]) func isTheRecordedOperatorWithItsDerivative(
    type: ElementType
  ) throws {
    let features = Tensor.randn([3, 10, 6, 4]).to(type)
    let towards = Tensor.randn([3, 10, 6, 4])
    let (norm, own) = try norm()
    let (_, other) = try self.norm()
    let x = features.to(.float32).requiringGradient()
    let y = x.permute([0, 2, 3, 1]).layerNorm(
      [6, 4, 10], weight: other.all["norm.weight"]!.permute([1, 2, 0]),
      bias: other.all["norm.bias"]!.permute([1, 2, 0])
    ).permute([0, 3, 1, 2])
    let z = norm(features)
    expectClose(z.floats, y.floats, relativeTolerance: 1e-6, "value")
    (z * towards).sum().backward()
    (y * towards).sum().backward()
    for name in ["norm.weight", "norm.bias"] {
      expectClose(
        own.all[name]!.gradient!.floats, other.all[name]!.gradient!.floats, relativeTolerance: 1e-5, name)
    }
    // Nobody asks for that of the features in training, but a test of the whole flow may.
    let again = features.to(.float32).requiringGradient()
    (try self.norm().norm(again) * towards).sum().backward()
    expectClose(again.gradient!.floats, x.gradient!.floats, relativeTolerance: 1e-5, "features")
  }
}
