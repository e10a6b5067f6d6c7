import ArgumentParser
import BlemishEvaluation
import BlemishSupport
import BlemishTorch
import Foundation

struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark",
    abstract: "Times every stage of the published configurations on this machine.",
    discussion: """
      Weights and pictures are generated, so nothing needs to be fetched; that takes a while for the transformers. \
      Rates of backbone, detector and training step are of convolutions and matrix products, and set beside what a \
      large matrix product reaches.
      """)

  @Option(
    name: .customLong("configuration"),
    help: "What to time, once for each: \(BenchmarkConfiguration.all().map(\.name).joined(separator: ", ")).")
  var names: [String] = []

  @Option(
    name: .customLong("stage"),
    help: "A stage, once for each; all without: \(Benchmark.Options.stageNames.joined(separator: "; ")).")
  var stages: [String] = []

  @Option(help: "The side of the pictures in pixels, instead of the published one.")
  var size: Int?

  @Option(
    help: "The detectors' configuration in JSON, instead of the published one; with one --configuration.")
  var detectorConfiguration: String?

  @Option(help: "Pictures that go through backbone and detector at a time.")
  var batch = 1

  @Option(help: "The least time to repeat a stage for, in seconds.")
  var seconds = 3.0

  @Option(help: "Threads of the operators; all cores without.")
  var threads: Int?

  @OptionGroup var computing: ComputingOptions

  @Flag(help: "Prints one JSON object.")
  var json = false

  func validate() throws {
    guard (1...1024).contains(batch) else { throw ValidationError("--batch must be from 1 to 1024") }
    guard seconds >= 0, seconds.isFinite else { throw ValidationError("--seconds must not be negative") }
    if let size, size % 64 != 0 || !(64...4096).contains(size) {
      throw ValidationError("--size must be a multiple of 64 from 64 to 4096, not \(size)")
    }
    if detectorConfiguration != nil, names.count != 1 {
      throw ValidationError("--detector-configuration goes with one --configuration")
    }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads must be from 1 to 1024")
    }
    if let stage = stages.first(where: { !Benchmark.Options.stageNames.contains($0) }) {
      throw ValidationError("there is no stage '\(stage)'")
    }
    for name in names {
      do { _ = try BenchmarkConfiguration.named(name) } catch { throw ValidationError("\(error)") }
    }
  }

  func run() throws {
    if let threads { Torch.threads = threads }
    var options = Benchmark.Options()
    if !names.isEmpty { options.configurations = try names.map { try BenchmarkConfiguration.named($0) } }
    for index in options.configurations.indices {
      if let size { options.configurations[index].size = size }
      options.configurations[index].detectorConfiguration = detectorConfiguration
    }
    options.stages = stages
    options.batch = batch
    options.seconds = seconds
    options.device = try Device(computing.device)
    options.precision = computing.precision
    var last: String?
    let benchmark = try Benchmark(options) { configuration, timing in
      guard !json else { return }
      if configuration.name != last {
        print("\(configuration.name), \(batch) picture\(batch == 1 ? "" : "s") at a time")
        last = configuration.name
      }
      print("  " + row(timing))
    }
    if json {
      print(jsonLine(benchmark))
    } else {
      for (precision, rate) in benchmark.peaks.sorted(by: { $0.key < $1.key }) {
        print("a large \(precision) matrix product: \(decimal(rate, 0)) GFLOP/s")
      }
      print(benchmark.machine)
    }
  }

  private func row(_ timing: StageTiming) -> String {
    func milliseconds(_ seconds: Double) -> String { decimal(seconds * 1000, 2) }
    var text = timing.stage.padding(toLength: 18, withPad: " ", startingAt: 0)
    text +=
      "\(milliseconds(timing.seconds)) ms (quartiles \(timing.quartiles.map(milliseconds).joined(separator: " to ")), "
    text += "\(timing.runs) runs; processor \(milliseconds(timing.processorSeconds)) ms)"
    if let operations = timing.gigaoperations, let share = timing.shareOfPeak {
      text += ", \(decimal(operations / timing.seconds, 0)) GFLOP/s, \(decimal(share * 100, 0)) % of the peak"
    }
    return text
  }
}
