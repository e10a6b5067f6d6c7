/// Separable resampling of a grid: every output row and column is a weighted sum of a few input ones.
struct Resampling {
  /// Per output position, `taps` input positions and their weights.
  struct Axis {
    let taps: Int
    var positions: [Int] = []
    var weights: [Float] = []
    var count: Int { positions.count / taps }
  }

  let rows: Axis
  let columns: Axis
  let inputWidth: Int

  /// Bilinear interpolation between pixel centres, neither aligned corners nor antialiasing.
  static func bilinear(to output: (Int, Int), from input: (Int, Int)) -> Resampling {
    func axis(_ output: Int, _ input: Int) -> Axis {
      var axis = Axis(taps: 2)
      for index in 0..<output {
        let centre = (Double(index) + 0.5) * Double(input) / Double(output) - 0.5
        let source = min(max(centre, 0), Double(input - 1))
        let first = Int(source)
        let fraction = Float(source - Double(first))
        axis.positions += [first, min(first + 1, input - 1)]
        axis.weights += [1 - fraction, fraction]
      }
      return axis
    }
    return Resampling(
      rows: axis(output.0, input.0),
      columns: axis(output.1, input.1),
      inputWidth: input.1
    )
  }

  /// The resampled grid, `[rows.count, columns.count]`.
  func apply(to grid: [Float]) -> [Float] {
    let width = columns.count
    let inputHeight = grid.count / inputWidth
    var stretched = [Float](repeating: 0, count: inputHeight * width)
    var result = [Float](repeating: 0, count: rows.count * width)
    stretched.withUnsafeMutableBufferPointer { stretched in
      for row in 0..<inputHeight {
        for column in 0..<width {
          var sum: Float = 0
          for tap in column * columns.taps..<(column + 1) * columns.taps {
            sum += columns.weights[tap] * grid[row * inputWidth + columns.positions[tap]]
          }
          stretched[row * width + column] = sum
        }
      }
      result.withUnsafeMutableBufferPointer { result in
        for row in 0..<rows.count {
          for tap in row * rows.taps..<(row + 1) * rows.taps {
            let weight = rows.weights[tap]
            let source = rows.positions[tap] * width
            for column in 0..<width {
              result[row * width + column] += weight * stretched[source + column]
            }
          }
        }
      }
    }
    return result
  }
}
