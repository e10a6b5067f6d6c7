import ArgumentParser
import Backbones

/// Where and with what numbers a command computes.
struct ComputingOptions: ParsableArguments {
  @Option(help: "Where to compute: cpu, cuda, cuda:1.")
  var device = "cpu"

  @Option(
    help: """
      The numbers that the backbone computes with: float32, bfloat16 (faster where the processor has it, coarser), or \
      auto, which is float32.
      """)
  var precision = Precision.auto
}

extension Precision: ExpressibleByArgument {}
