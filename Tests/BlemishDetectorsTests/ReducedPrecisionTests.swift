import BlemishBackbones
import BlemishFiles
import BlemishTorch
import GoldenCases
import Testing

@testable import BlemishCore
@testable import BlemishDetectors

/// What bfloat16 products may change, and what they must not.
@Suite(.serialized) struct ReducedPrecisionTests {
  private static let shapes = FeatureDescription(
    shapes: [(16, 32), (24, 16), (32, 8)].map { channels, side in
      FeatureShape(channels: channels, height: side, width: side)
    }, strides: [4, 8, 16], areNormalised: false)

  private static func features() -> [Tensor] {
    shapes.shapes.map { shape in
      let sizes = [2, shape.channels, shape.height, shape.width]
      return Tensor(Golden.gauss("reduced/\(shape.channels)", sizes.reduce(1, *)), shape: sizes)
    }
  }

  /// Latents, loss and gradients of a detector whose parameters are off their neutral start.
  private static func outcome(
    _ type: any FlowDetector.Type, _ productType: ElementType
  ) throws -> (latents: [Float], loss: Double, gradients: [String: Tensor]) {
    let parameters = Parameters(seed: 4, productType: productType)
    let detector = try #require(
      try type.make(parameters.root, features: shapes, json: type.standardJSON(for: shapes))
        as? any FlowDetector)
    parameters.stir(by: 0.05)
    let latents = detector(features())
    latents.loss.backward()
    let gradients = parameters.trainable.compactMap { name, tensor in
      tensor.gradient.map { (name, $0) }
    }
    #expect(gradients.count == parameters.trainable.count)
    return (latents.z.flatMap(\.floats), latents.loss.item, Dictionary(uniqueKeysWithValues: gradients))
  }

  /// The root of the mean squared difference, as a part of the values' own.
  private static func difference(_ values: [Float], from expected: [Float]) -> Double {
    let error = zip(values, expected).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
    return (error / expected.reduce(0) { $0 + Double($1 * $1) }).squareRoot()
  }

  @Test(arguments: ["uflow", "msflow"]) func flowsKeepTheirLatentsAndGradients(detector: String) throws {
    let type = try #require(try DetectorCatalogue.standard.named(detector) as? any FlowDetector.Type)
    let exact = try Self.outcome(type, .float32)
    let rounded = try Self.outcome(type, .bfloat16)
    let latents = Self.difference(rounded.latents, from: exact.latents)
    // Eight bits of every factor: not the same numbers, and no others than rounding explains.
    #expect(latents > 1e-6 && latents < 0.01)
    #expect(abs(rounded.loss - exact.loss) < 0.005 * abs(exact.loss))
    for (name, gradient) in exact.gradients {
      let found = try #require(rounded.gradients[name])
      #expect(found.elementType == .float32, "\(name)")
      #expect(Self.difference(found.floats, from: gradient.floats) < 0.08, "\(name)")
    }
  }

  @Test(arguments: ["embedded", "seeded", "resnet18"]) func backbonesGiveSinglePrecision(name: String) throws
  {
    let description = try BackboneCatalogue.standard.named(name)
    let pictures = Tensor(Golden.gauss("pictures", 3 * 64 * 64), shape: [1, 3, 64, 64])
    func maps(_ precision: Precision) throws -> [Tensor] {
      let backbone =
        description.builtIn == nil
        ? try description.buildGenerated(precision: precision)
        : try description.build(description.stateDict(from: []), precision: precision)
      return withoutGradient { backbone(pictures) }
    }
    for (exact, rounded) in zip(try maps(.float32), try maps(.bfloat16)) {
      #expect(rounded.elementType == .float32)
      let difference = Self.difference(rounded.floats, from: exact.floats)
      #expect(difference > 1e-6 && difference < 0.03)
    }
  }

  @Test func aSegmenterSeesTheSame() throws {
    let pictures = Tensor(Golden.gauss("segmented", 2 * 3 * 64 * 64), shape: [2, 3, 64, 64])
    func logits(_ productType: ElementType) throws -> [Tensor] {
      let parameters = Parameters(seed: 2, productType: productType)
      return try withoutGradient { try DefectSegmenter<TrainedUnit>(parameters.root, .standard)(pictures) }
    }
    for (exact, rounded) in zip(try logits(.float32), try logits(.bfloat16)) {
      #expect(rounded.elementType == .float32)
      let difference = Self.difference(rounded.floats, from: exact.floats)
      #expect(difference > 1e-6 && difference < 0.05)
    }
  }
}
