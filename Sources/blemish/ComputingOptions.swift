import ArgumentParser
import Backbones

/// Where and with what numbers a command computes.
struct ComputingOptions: ParsableArguments {
  @Option(help: "Where to compute: cpu, cuda, cuda:1.")
  var device = "cpu"

  @Option(
    help: """
      The numbers that backbone and flow multiply: float32, bfloat16 (faster where the processor has it, coarser), or \
      auto: float32, but bfloat16 for the embedded backbone and its tuning where the processor has it.
      """)
  var precision = Precision.auto
}

extension Precision: ExpressibleByArgument {}
