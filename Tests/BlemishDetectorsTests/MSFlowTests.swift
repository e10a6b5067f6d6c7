import BlemishSupport
import BlemishSynthesis
import BlemishFlows
import BlemishTorch
import Foundation
import GoldenCases
import Testing

@testable import BlemishCore
@testable import BlemishDetectors

@Suite("MSFlow", .serialized) struct MSFlowTests {
  /// Feature maps of a picture of this size at strides 4, 8 and 16, with few channels, and random features.
  private func scene(height: Int, width: Int, batch: Int = 1) -> (
    shapes: FeatureDescription, features: [Tensor]
  ) {
    let shapes = [(8, 4), (12, 8), (16, 16)].map { channels, stride in
      FeatureShape(channels: channels, height: height / stride, width: width / stride)
    }
    let features = shapes.map { shape in
      let sizes = [batch, shape.channels, shape.height, shape.width]
      return Tensor(Golden.gauss("features/\(shape.channels)", sizes.reduce(1, *)), shape: sizes)
    }
    return (FeatureDescription(shapes: shapes, strides: [4, 8, 16], areNormalised: false), features)
  }

  private let small = MSFlow.Configuration(parallelBlocks: [1, 2, 2], conditionChannels: 8)

  @Test(arguments: [(256, 256), (112, 2048), (208, 80), (16, 16), (100, 60)])
  func runsBackwardsAtAnySize(height: Int, width: Int) throws {
    let (shapes, features) = scene(height: height, width: width, batch: 2)
    let parameters = Parameters(seed: 3)
    let flow = try MSFlow(parameters.root, features: shapes, configuration: small)
    parameters.stir(by: 0.2)
    withoutGradient {
      let pooled = MSFlow.prepared(features)
      let latents = flow(features)
      for (z, feature) in zip(latents.z, pooled) { #expect(z.shape == feature.shape) }
      for (feature, expected) in zip(flow.inverse(latents.z), pooled) {
        #expect((feature - expected).square().sqrt().amax([0, 1, 2, 3]).item < 1e-3)
      }
      let maps = flow.maps(of: latents.z, height: height, width: width)
      #expect(maps.localization.shape == [2, height, width])
      #expect(maps.detection?.shape == [2, height, width])
      #expect(maps.imageScore.shape == [2])
      #expect(maps.localization.isFinite && maps.detection?.isFinite == true && maps.imageScore.isFinite)
      #expect(latents.loss.isFinite)
    }
  }

  @Test func itsLogDeterminantIsThatOfTheJacobian() throws {
    let (shapes, features) = scene(height: 16, width: 16)
    // One pixel a scale behind the pool, so that the Jacobian is small enough for finite differences.
    let single = shapes.shapes.map { FeatureShape(channels: $0.channels, height: 1, width: 1) }
    let inputs = zip(features, single).map {
      $0.narrow(2, from: 0, length: 1).narrow(3, from: 0, length: $1.width)
    }
    let parameters = Parameters(seed: 5)
    let flow = try MSFlow(
      parameters.root, features: FeatureDescription(shapes: single, strides: [4, 8, 16]), configuration: small
    )
    parameters.stir(by: 0.2)
    withoutGradient {
      let pooled = MSFlow.prepared(inputs)
      let counts = pooled.map(\.count)
      let point = Tensor.cat(pooled.map { $0.flatten() }, along: 0)
      let size = counts.reduce(0, +)
      let step = 1e-2
      func latents(_ x: Tensor) -> Tensor {
        let parts = x.split(counts, along: 0).map { $0.reshape([1, -1, 1, 1]) }
        return Tensor.cat(flow.latents(parts).z.map { $0.flatten() }, along: 0)
      }
      let columns = (0..<size).map { index in
        var direction = [Float](repeating: 0, count: size)
        direction[index] = Float(step)
        let move = Tensor(direction, shape: [size])
        return ((latents(point + move) - latents(point - move)) / (2 * step)).floats.map(Double.init)
      }
      let expected = flow(inputs).logDeterminant.item
      #expect(abs(logAbsoluteDeterminant(columns) - expected) < 0.01 * max(abs(expected), 1))
    }
  }

  @Test func logDeterminantsOfBothDirectionsCancel() throws {
    let (shapes, features) = scene(height: 64, width: 80, batch: 2)
    let parameters = Parameters(seed: 9)
    let path = parameters.root
    let fusion = try FusionFlow(path / "fusion", channels: shapes.shapes.map(\.channels), clamp: 1.9)
    let step = try FlowSteps([
      FlowStep(path / "step", channels: shapes.shapes[0].channels, conditions: 8, clamp: 1.9) {
        try NormalizedSubnet(path / "step" / "subnet", inputs: $0, outputs: $1)
      }
    ])
    parameters.stir(by: 0.2)
    withoutGradient {
      let fused = fusion(features)
      let back = fusion.inverse(fused.values)
      #expect(abs(fused.logDeterminant.floats[0]) > 1)
      expectClose(
        back.logDeterminant.floats,
        (-fused.logDeterminant).floats,
        relativeTolerance: 1e-4,
        "fusion flow"
      )
      let condition = Tensor.positionEncoding(channels: 8, height: 16, width: 20)
      let forward = step([features[0]], condition: condition)
      let backward = step.inverse(forward.value, condition: condition)
      expectClose(backward.value.floats, features[0].floats, relativeTolerance: 1e-4, "step")
      expectClose(
        backward.logDeterminant.floats,
        (-forward.logDeterminant).floats,
        relativeTolerance: 1e-4,
        "step"
      )
    }
  }

  @Test func latentsAreLimited() throws {
    let (shapes, features) = scene(height: 64, width: 64)
    let flow = try MSFlow(Parameters(seed: 3).root, features: shapes, configuration: small)
    withoutGradient {
      for z in flow(features.map { $0 * 1e9 }).z {
        #expect(z.square().sqrt().amax([0, 1, 2, 3]).item == 1e6)
      }
    }
  }

  @Test func positionsTellColumnsThenRows() {
    let position = Tensor.positionEncoding(channels: 8, height: 3, width: 5).floats
    func value(_ channel: Int, _ y: Int, _ x: Int) -> Float { position[(channel * 3 + y) * 5 + x] }
    for (y, x) in [(0, 0), (2, 1), (1, 4)] {
      for (half, place) in [(0, x), (4, y)] {
        let angles = [Double(place), Double(place) / 100]
        for (pair, angle) in angles.enumerated() {
          #expect(abs(value(half + 2 * pair, y, x) - Float(sin(angle))) < 1e-6)
          #expect(abs(value(half + 2 * pair + 1, y, x) - Float(cos(angle))) < 1e-6)
        }
      }
    }
  }

  /// ln |det| by Gaussian elimination with row pivots.
  private func logAbsoluteDeterminant(_ rows: [[Double]]) -> Double {
    var rows = rows
    var result = 0.0
    for pivot in rows.indices {
      let best = (pivot..<rows.count).max { abs(rows[$0][pivot]) < abs(rows[$1][pivot]) } ?? pivot
      rows.swapAt(pivot, best)
      result += log(abs(rows[pivot][pivot]))
      for row in (pivot + 1)..<max(rows.count, pivot + 1) {
        let factor = rows[row][pivot] / rows[pivot][pivot]
        for column in pivot..<rows.count { rows[row][column] -= factor * rows[pivot][column] }
      }
    }
    return result
  }

  @Test func imageScoreIsTheMeanOfTheLargestPartOfTheDetectionMap() throws {
    let (shapes, features) = scene(height: 64, width: 64)
    for fraction in [0.03, 0.5, 1] {
      var configuration = small
      configuration.topFraction = fraction
      let flow = try MSFlow(Parameters(seed: 3).root, features: shapes, configuration: configuration)
      try withoutGradient {
        let maps = flow.maps(of: flow(features).z, height: 64, width: 64)
        let largest = try #require(maps.detection).floats.sorted(by: >).prefix(Int(64 * 64 * fraction))
        let mean = largest.reduce(0) { $0 + Double($1) } / Double(largest.count)
        #expect(abs(maps.imageScore.item - mean) < 1e-5)
      }
    }
  }

  @Test func lossFallsInTraining() throws {
    let (shapes, features) = scene(height: 48, width: 48, batch: 2)
    let parameters = Parameters(seed: 3)
    let flow = try MSFlow(parameters.root, features: shapes, configuration: small)
    let optimizer = Adam(parameters.trainable, weightDecay: MSFlow.schedule.weightDecay)
    let limit = try #require(MSFlow.schedule.gradientNormLimit)
    let losses = (0..<10).map { _ in
      let loss = flow(features).loss
      let value = loss.item
      loss.backward()
      clipGradientNorm(parameters.trainable.map(\.tensor), limit: limit)
      optimizer.step(learningRate: 1e-3)
      return value
    }
    #expect(!losses.contains { !$0.isFinite })
    #expect(losses == losses.sorted(by: >))
    #expect(losses[9] < 0.99 * losses[0])
  }

  @Test func trainsAtThePublishedRates() {
    let schedule = MSFlow.schedule
    let rates = (0..<100).map { schedule.learningRate(step: $0 * 7 + 6, stepsPerEpoch: 7) }
    func expectRate(_ epoch: Int, _ expected: Double) {
      #expect(abs(rates[epoch] - expected) < 1e-12, "epoch \(epoch)")
    }
    expectRate(0, 1e-5)
    expectRate(6, 5.5e-5)
    expectRate(12, 1e-4)
    expectRate(69, 1e-4)
    expectRate(70, 3.3e-5)
    expectRate(89, 3.3e-5)
    expectRate(90, 1.089e-5)
    expectRate(99, 1.089e-5)
  }

  @Test func hasDepthsForEveryNumberOfScales() {
    let (features, _) = scene(height: 64, width: 64)
    #expect(MSFlow.standard(for: features) == MSFlow.Configuration())
    var two = features
    (two.shapes, two.strides) = (Array(features.shapes.prefix(2)), [4, 8])
    #expect(MSFlow.standard(for: two).parallelBlocks == [2, 5])
  }

  @Test func detectorsOfTheCatalogueAreMadeFromTheirConfiguration() throws {
    let (shapes, features) = scene(height: 64, width: 64)
    for type in DetectorCatalogue.standard.all.compactMap({ $0 as? any FlowDetector.Type }) {
      let json = try type.standardJSON(for: shapes)
      let parameters = Parameters(seed: 3)
      let detector = try #require(
        try type.make(parameters.root, features: shapes, json: json) as? any FlowDetector)
      let loaded = Parameters(parameters.stateDict())
      let again = try #require(
        try DetectorCatalogue.standard.named(type.name).make(loaded.root, features: shapes, json: json)
          as? any FlowDetector)
      try loaded.requireNothingLeftOver()
      let (first, second) = withoutGradient { (detector(features), again(features)) }
      for (z, other) in zip(first.z, second.z) { #expect(z.floats == other.floats) }
      #expect(first.logDeterminant.floats == second.logDeterminant.floats)
    }
  }

  /// Which part of the configuration is refused: the features, or a number by its name.
  @Test(
    arguments: [
      (MSFlow.Configuration(parallelBlocks: [2, 5]), nil),
      (MSFlow.Configuration(parallelBlocks: []), nil),
      (MSFlow.Configuration(parallelBlocks: [1, 1, .max]), "numbers of steps"),
      (MSFlow.Configuration(parallelBlocks: [1, 1, -1]), "numbers of steps"),
      (MSFlow.Configuration(conditionChannels: 6), "number of channels of the position encoding"),
      (MSFlow.Configuration(conditionChannels: .max - 3), "number of channels of the position encoding"),
      (MSFlow.Configuration(clamp: 0), "clamp"),
      (MSFlow.Configuration(topFraction: .nan), "top fraction"),
      (MSFlow.Configuration(topFraction: 1.5), "top fraction"),
    ] as [(MSFlow.Configuration, String?)])
  func impossibleConfigurationsAreRefused(_ configuration: MSFlow.Configuration, because number: String?) {
    let error = #expect(throws: DetectorError.self) {
      try MSFlow(
        Parameters(seed: 0).root, features: self.scene(height: 64, width: 64).shapes,
        configuration: configuration)
    }
    switch error {
    case .number("msflow", let name, _, _): #expect(name == number)
    case .features("msflow", _): #expect(number == nil)
    default: Issue.record("\(String(describing: error))")
    }
  }
}
