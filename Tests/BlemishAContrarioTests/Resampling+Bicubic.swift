@testable import BlemishAContrario

extension Resampling {
  /// Bicubic interpolation with aligned corners and Keys' kernel at a = -0.75, as PyTorch has it.
  static func bicubicAlignedCorners(to output: (Int, Int), from input: (Int, Int)) -> Resampling {
    func kernel(_ distance: Double) -> Double {
      let a = -0.75
      let x = abs(distance)
      if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    }
    func axis(_ output: Int, _ input: Int) -> Axis {
      var axis = Axis(taps: 4)
      for index in 0..<output {
        let source = output > 1 ? Double(index) * Double(input - 1) / Double(output - 1) : 0
        let first = Int(source)
        for offset in -1...2 {
          axis.positions.append(min(max(first + offset, 0), input - 1))
          axis.weights.append(Float(kernel(source - Double(first + offset))))
        }
      }
      return axis
    }
    return Resampling(
      rows: axis(output.0, input.0),
      columns: axis(output.1, input.1),
      inputWidth: input.1
    )
  }
}
