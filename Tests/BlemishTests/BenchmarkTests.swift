import Testing

@testable import Blemish

@Suite struct BenchmarkTests {
  @Test func timesTheStagesThatAreAskedFor() throws {
    var options = Benchmark.Options()
    options.configurations = [try .named("uflow-resnet18-256")]
    options.configurations[0].size = 64
    options.seconds = 0
    // The metrics of a hundred maps take a minute without optimisation.
    let stages = Benchmark.Options.stageNames.filter { !$0.hasPrefix("metrics") }
    options.stages = stages
    let timings = try Benchmark(options).results[0].stages
    #expect(timings.map(\.stage) == stages)
    #expect(timings.allSatisfy { $0.seconds > 0 })
  }
}
