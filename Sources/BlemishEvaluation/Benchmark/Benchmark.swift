import BlemishAContrario
import BlemishBackbones
import BlemishCore
import BlemishDetectors
import BlemishFiles
import BlemishMeasures
import BlemishTorch
import Foundation

/// The program's own timings: every stage of every configuration, on generated weights and pictures.
public struct Benchmark: Sendable, Codable {
  /// What is to be timed.
  public struct Options: Sendable {
    /// The configurations.
    public var configurations = BenchmarkConfiguration.all()
    /// Pictures that go through backbone and flow at a time.
    public var batch = 1
    /// The least time that a stage is repeated for, in seconds.
    public var seconds = 3.0
    /// With what numbers backbones and flows compute.
    public var precision = Precision.auto
    /// Where to compute.
    public var device = Device.cpu
    /// The detectors that configurations name.
    public var detectors = DetectorCatalogue.standard
    /// The stages to time, of ``stageNames``; all where there is none.
    public var stages: [String] = []

    /// The names of all stages, in their order.
    public static let stageNames = [
      "backbone", "detector", "map", "test, published", "test, calibrated", "metrics, 100 maps",
      "training step",
    ]

    /// All configurations, one picture at a time.
    public init() {}
  }

  /// The timings of one configuration.
  public struct Result: Sendable, Codable {
    /// What was timed.
    public var configuration: BenchmarkConfiguration
    /// Its stages.
    public var stages: [StageTiming]
  }

  /// Where it ran.
  public var machine: Machine
  /// When it ended, in ISO 8601.
  public var date: String
  /// 10^9 operations per second that a product of two matrices of 2048 x 2048 reaches, by precision.
  public var peaks: [String: Double]
  /// What was timed.
  public var results: [Result]

  /// Runs the timings.
  /// - Parameter progress: called with every stage that is done.
  /// - Throws: ``TorchError`` where an operator fails, for instance for want of memory.
  public init(
    _ options: Options, progress: @escaping (BenchmarkConfiguration, StageTiming) -> Void = { _, _ in }
  ) throws {
    machine = .current(options.device)
    peaks = ["float32": try peak(.float32, options)]
    if Torch.hasBFloat16 || options.device != .cpu { peaks["bfloat16"] = try peak(.bfloat16, options) }
    results = []
    for configuration in options.configurations {
      var timings = StageTimer(options: options, peaks: peaks) { progress(configuration, $0) }
      try withTorchErrors { try timings.time(configuration) }
      results.append(Result(configuration: configuration, stages: timings.stages))
    }
    date = ISO8601DateFormatter().string(from: Date())
  }
}

/// The rate of a large matrix product by the faster of libtorch's two ways, in 10^9 operations per second.
private func peak(_ type: ElementType, _ options: Benchmark.Options) throws -> Double {
  let side = 2048
  return try withTorchErrors {
    withoutGradient {
      let a = Tensor.randn([side, side], device: options.device).to(type)
      let weight = FusedLinear(weight: a, bias: nil)
      let times = [{ () -> Void in _ = a.matmul(a) }, { () -> Void in _ = weight(a) }].map { work in
        StageTiming("", pictures: 0, atLeast: 0.5) { work() }.seconds
      }
      return 2 * Double(side * side * side) * 1e-9 / (times.min() ?? .nan)
    }
  }
}

/// Times the stages of one configuration after the other.
private struct StageTimer {
  let options: Benchmark.Options
  let peaks: [String: Double]
  let progress: (StageTiming) -> Void
  var stages: [StageTiming] = []

  mutating func time(_ configuration: BenchmarkConfiguration) throws {
    let size = configuration.size
    let parameters = Parameters(
      seed: 1, device: options.device, productType: options.precision.elementType)
    let model = try Model(
      options.detectors.named(configuration.detector), configuration.detectorConfiguration,
      BackboneCatalogue.standard.named(configuration.backbone), weights: nil, height: size, width: size,
      precision: options.precision, parameters: parameters)
    let images = Tensor.randn([options.batch, 3, size, size], device: options.device)
    let precision = Precision(options.precision.elementType).rawValue
    try add("backbone", peak: model.precision.rawValue) {
      _ = model.features(of: images).map(\.firstElement)
    }
    let features = model.features(of: images)
    let (detector, type) = (model.detector, type(of: model.detector))
    try add("detector", peak: precision) {
      withoutGradient { _ = detector.response(to: type.prepared(features)).scales.map(\.firstElement) }
    }
    let prepared = withoutGradient { type.prepared(features) }
    let response = withoutGradient { detector.response(to: prepared) }
    let side = model.configuration.mapHeight
    try add("map") {
      withoutGradient { _ = detector.maps(of: response, height: side, width: side).imageScore.floats }
    }
    try timeTests(model)
    try timeMetrics(side: side)
    if let detector = detector as? any GradientFitted {
      try timeTraining(detector, parameters, prepared, peak: precision)
    }
  }

  private mutating func timeTests(_ model: Model) throws {
    guard isAsked("test, published") || isAsked("test, calibrated") else { return }
    let side = model.configuration.mapHeight
    let size = model.configuration.height
    // One picture to test, after a few to learn from.
    let pictures = (0..<5).map { _ in
      model.evidence(in: Tensor.randn([1, 3, size, size], device: options.device)).response.scales
    }
    func scales(_ response: [Tensor]) throws -> [ScaleEnergies] { try BatchEnergies(response).picture(0) }
    if type(of: model.detector).responseIsStandardNormal {
      try add("test, published", pictures: 1) {
        _ = try PublishedTestResult(scales: scales(pictures[0]), height: side, width: side).logNFA
      }
    }
    let calibrated = try CalibratedTest(pictures: pictures.dropFirst().map(scales))
    try add("test, calibrated", pictures: 1) {
      _ = try CalibratedTestResult(scales: scales(pictures[0]), test: calibrated)
        .logNFA(height: side, width: side)
    }
  }

  /// All metrics over pixels of a hundred maps, every second of them with an anomalous square.
  private mutating func timeMetrics(side: Int) throws {
    let maps = Tensor.randn([Self.evaluatedMaps, side * side])
    let scores = (0..<Self.evaluatedMaps).map { maps.select(0, $0).floats }
    let square = side / 3..<side / 3 + side / 10
    let mask = (0..<side * side).map { square.contains($0 / side) && square.contains($0 % side) }
    try add("metrics, \(Self.evaluatedMaps) maps", pictures: Self.evaluatedMaps) {
      let pixels = PixelEvaluation()
      for (index, scores) in scores.enumerated() {
        try pixels.add(scores: scores, mask: index % 2 == 0 ? mask : nil, width: side)
      }
      _ = try pixels.measures().aupro
    }
  }

  private static let evaluatedMaps = 100

  private mutating func timeTraining(
    _ detector: any GradientFitted, _ parameters: Parameters, _ prepared: [Tensor], peak: String
  ) throws {
    let schedule = type(of: detector).schedule
    let optimizer = Adam(parameters.trainable, weightDecay: schedule.weightDecay)
    try add("training step", peak: peak) {
      detector.losses(prepared).mean().backward()
      if let limit = schedule.gradientNormLimit {
        clipGradientNorm(parameters.trainable.map(\.tensor), limit: limit)
      }
      // The rate is too small to move anything, so that every run does the same.
      optimizer.step(learningRate: 1e-12)
    }
  }

  private func isAsked(_ stage: String) -> Bool { options.stages.isEmpty || options.stages.contains(stage) }

  /// Times a stage, and once counts its arithmetic where it has any.
  private mutating func add(
    _ name: String, pictures: Int? = nil, peak: String? = nil, _ work: () throws -> Void
  ) throws {
    guard isAsked(name) else { return }
    let operations = try peak == nil ? nil : Torch.countingOperations(work)
    var timing = try StageTiming(name, pictures: pictures ?? options.batch, atLeast: options.seconds, work)
    if let operations, let rate = peak.flatMap({ peaks[$0] }) {
      timing.gigaoperations = operations * 1e-9
      timing.shareOfPeak = operations * 1e-9 / timing.seconds / rate
    }
    stages.append(timing)
    progress(timing)
  }
}

extension Tensor {
  /// The first element: on devices that work ahead, waits for all.
  fileprivate var firstElement: Double { (0..<rank).reduce(self) { tensor, _ in tensor.select(0, 0) }.item }
}
