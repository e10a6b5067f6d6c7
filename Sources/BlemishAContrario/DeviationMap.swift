/// How far every place of a picture is above what is usual there; 0 is usual.
public struct DeviationMap: Sendable, Equatable {
  /// Rows.
  public let height: Int
  /// Columns.
  public let width: Int
  /// `[height, width]`, row-major.
  public let values: [Float]

  /// Which peaks belong together: those between which the map does not fall below a share of the lower one.
  ///
  /// Two defects side by side have a valley between them; a crack whose evidence waxes and wanes has none so deep.
  /// - Parameters:
  ///   - peaks: pixels of the map.
  ///   - share: of the lower peak's height.
  /// - Returns: for each peak the place in `peaks` of the first of those it belongs to.
  public func joined(_ peaks: [Int], share: Float = 0.5) -> [Int] {
    var groups = Array(peaks.indices)
    func group(_ peak: Int) -> Int {
      var peak = peak
      while groups[peak] != peak { peak = groups[peak] }
      return peak
    }
    // The map is flooded from its heights. Each lake knows the highest of the peaks in it, or has none.
    var lakes = [Int32](repeating: -1, count: values.count)
    var highest = [Int](repeating: -1, count: values.count)
    for (place, pixel) in peaks.enumerated() where highest[pixel] < 0 { highest[pixel] = place }
    for (place, pixel) in peaks.enumerated() { groups[place] = highest[pixel] }
    func lake(_ pixel: Int) -> Int {
      var pixel = pixel
      while Int(lakes[pixel]) != pixel {
        lakes[pixel] = lakes[Int(lakes[pixel])]
        pixel = Int(lakes[pixel])
      }
      return pixel
    }
    for pixel in values.indices.filter({ values[$0] > 0 }).sorted(by: { values[$0] > values[$1] }) {
      lakes[pixel] = Int32(pixel)
      let (y, x) = (pixel / width, pixel % width)
      for row in max(y - 1, 0)...min(y + 1, height - 1) {
        for column in max(x - 1, 0)...min(x + 1, width - 1) where lakes[row * width + column] >= 0 {
          let (one, other) = (lake(pixel), lake(row * width + column))
          guard one != other else { continue }
          lakes[one] = Int32(other)
          let (first, second) = (highest[one], highest[other])
          guard first >= 0, second >= 0 else {
            highest[other] = max(first, second)
            continue
          }
          let (low, high) = values[peaks[first]] < values[peaks[second]] ? (first, second) : (second, first)
          highest[other] = high
          if values[pixel] >= share * values[peaks[low]] {
            let (a, b) = (group(first), group(second))
            groups[max(a, b)] = min(a, b)
          }
        }
      }
    }
    return peaks.indices.map(group)
  }
}
