/// What the deviations of a picture are as a whole; its regions' heights are seen beside it.
struct PictureLevel {
  /// The 95% quantile, which one defect seldom moves: how lively the picture is.
  let liveliness: Double
  /// The mean of the highest 2%: how much there is of what is high, where the height of a peak tells but of its
  /// highest cell.
  let tailMean: Double

  /// The level of a map of deviations.
  init(_ deviations: [Float]) {
    let beyond = Int32(deviations.count / 20)
    guard var low = deviations.min(), var high = deviations.max() else {
      (liveliness, tailMean) = (0, 0)
      return
    }
    // To halve the range so often takes a tenth of the time of sorting.
    for _ in 0..<24 {
      let middle = low + (high - low) / 2
      var above: Int32 = 0
      for deviation in deviations { above &+= deviation > middle ? 1 : 0 }
      if above > beyond { low = middle } else { high = middle }
    }
    liveliness = Double(high)
    // More than a twentieth is above, unless all of it is equal.
    let highest = deviations.filter { $0 > low }.sorted(by: >).prefix(max(deviations.count / 50, 1))
    tailMean = highest.isEmpty ? Double(high) : highest.reduce(0) { $0 + Double($1) } / Double(highest.count)
  }
}
