import BlemishTorch
import Testing

@testable import BlemishEvaluation

@Suite struct BenchmarkTests {
  private func timings(_ configuration: String, batch: Int = 1) throws -> (
    benchmark: Benchmark, stages: [StageTiming]
  ) {
    var options = Benchmark.Options()
    options.configurations = [try .named(configuration)]
    options.configurations[0].size = 64
    options.seconds = 0
    options.batch = batch
    options.precision = .float32
    // The metrics of a hundred maps take a minute without optimisation.
    options.stages = Benchmark.Options.stageNames.filter { !$0.hasPrefix("metrics") }
    let benchmark = try Benchmark(options)
    return (benchmark, benchmark.results[0].stages)
  }

  @Test func timesTheStagesThatAreAskedFor() throws {
    let (benchmark, timings) = try timings("uflow-resnet18-256")
    #expect(timings.map(\.stage) == Benchmark.Options.stageNames.filter { !$0.hasPrefix("metrics") })
    let peak = try #require(benchmark.peaks["float32"])
    for timing in timings {
      #expect(timing.runs >= 3 && timing.pictures == 1, "\(timing)")
      #expect(timing.seconds > 0 && timing.processorSeconds > 0, "\(timing)")
      #expect(timing.quartiles[0] <= timing.seconds && timing.seconds <= timing.quartiles[1], "\(timing)")
      // What a stage is said to reach is what it does in the time that it takes.
      if let share = timing.shareOfPeak, let operations = timing.gigaoperations {
        #expect(
          abs(share - operations / timing.seconds / peak) < 1e-9 && share > 0 && share < 1.5, "\(timing)")
      }
    }
    let hasArithmetic = Set(timings.filter { $0.gigaoperations != nil }.map(\.stage))
    #expect(hasArithmetic == ["backbone", "detector", "training step"])
  }

  /// Arithmetic is counted and not timed: its figures stand in fixed proportions.
  @Test(arguments: ["uflow-resnet18-256", "uflow-seeded-256", "msflow-wide_resnet50_2-512"])
  func countsOperationsThatFitTogether(_ configuration: String) throws {
    func operations(batch: Int) throws -> [String: Double] {
      let stages = try timings(configuration, batch: batch).stages.filter { $0.gigaoperations != nil }
      return Dictionary(uniqueKeysWithValues: stages.map { ($0.stage, $0.gigaoperations ?? .nan) })
    }
    let (one, two) = (try operations(batch: 1), try operations(batch: 2))
    for (stage, operations) in one {
      #expect(operations > 0)
      #expect(abs((two[stage] ?? .nan) - 2 * operations) < 1e-6 * operations, "\(stage)")
    }
    // A step of training goes forward once, and backward to the weights and, but for the first layers, to the features:
    // three times the arithmetic, and more where minimal filtering saves some on the way forward alone.
    let ratio = try #require(one["training step"]) / #require(one["detector"])
    #expect(ratio > 2 && ratio <= 4.5, "\(ratio)")
  }
}
