import ArgumentParser
import BlemishBackbones

/// Where and with what numbers a command computes.
struct ComputingOptions: ParsableArguments {
  @Option(help: "Where to compute: cpu, cuda, cuda:1.")
  var device = "cpu"

  @Option(
    name: .customLong("precision"),
    help: """
      The numbers that backbone and detector multiply: float32; bfloat16, which is coarser, and faster where the \
      processor has it; or auto. Without, auto: float32, but bfloat16 for the embedded backbone and its tuning where \
      the processor has it.
      """)
  var givenPrecision: Precision?

  /// The numbers to compute with.
  var precision: Precision { givenPrecision ?? .auto }
}

extension Precision: ExpressibleByArgument {}
