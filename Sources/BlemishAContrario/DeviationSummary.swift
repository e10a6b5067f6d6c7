/// A picture's map of deviations in two numbers, which its regions' heights are compared with.
struct DeviationSummary: Equatable {
  /// A high quantile of the map, the 95% one as a rule. A stained or rough picture raises it; one defect seldom does.
  let quantile: Double
  /// The mean of the map's highest values, the highest 2% as a rule. It grows with the size of a defect, while the
  /// height of a peak is that of its highest cell alone.
  let tailMean: Double

  init(quantile: Double, tailMean: Double) {
    self.quantile = quantile
    self.tailMean = tailMean
  }

  /// The summary of a map of deviations.
  init(_ deviations: [Float], constants: CalibratedTest.Constants = .standard) {
    let allowedAbove = Int32(Double(deviations.count) * constants.shareAboveQuantile)
    guard var low = deviations.min(), var high = deviations.max() else {
      (quantile, tailMean) = (0, 0)
      return
    }
    // Halving the range this often takes a tenth of the time of sorting.
    for _ in 0..<24 {
      let middle = low + (high - low) / 2
      var above: Int32 = 0
      for deviation in deviations { above &+= deviation > middle ? 1 : 0 }
      if above > allowedAbove { low = middle } else { high = middle }
    }
    quantile = Double(high)
    let tailCount = max(Int(Double(deviations.count) * constants.tailMeanShare), 1)
    // More than the allowed share is above `low`, unless all values are equal.
    let highest = deviations.filter { $0 > low }.sorted(by: >).prefix(tailCount)
    tailMean = highest.isEmpty ? Double(high) : highest.reduce(0) { $0 + Double($1) } / Double(highest.count)
  }
}
