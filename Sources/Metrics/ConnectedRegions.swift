/// The 8-connected regions of a mask.
struct ConnectedRegions {
  /// Per pixel the number of its region, or -1.
  let labels: [Int32]
  /// The number of pixels of each region.
  let areas: [Int]

  /// The regions of a row-major `mask` whose rows have `width` pixels.
  init(mask: [Bool], width: Int) {
    var parents = [Int32](repeating: -1, count: mask.count)
    func root(_ pixel: Int) -> Int {
      var pixel = pixel
      while Int(parents[pixel]) != pixel {
        parents[pixel] = parents[Int(parents[pixel])]
        pixel = Int(parents[pixel])
      }
      return pixel
    }
    for pixel in mask.indices where mask[pixel] {
      parents[pixel] = Int32(pixel)
      let column = pixel % width
      // The neighbours already seen: to the left, and the three above.
      for (neighbour, isInside) in [
        (pixel - 1, column > 0), (pixel - width - 1, column > 0), (pixel - width, true),
        (pixel - width + 1, column < width - 1),
      ] where isInside && neighbour >= 0 && mask[neighbour] {
        // The first pixel of a region in reading order is its root.
        let (one, other) = (root(pixel), root(neighbour))
        parents[max(one, other)] = Int32(min(one, other))
      }
    }
    var labels = [Int32](repeating: -1, count: mask.count)
    var areas: [Int] = []
    for pixel in mask.indices where mask[pixel] {
      let first = root(pixel)
      if first == pixel {
        labels[pixel] = Int32(areas.count)
        areas.append(0)
      } else {
        labels[pixel] = labels[first]
      }
      areas[Int(labels[pixel])] += 1
    }
    self.labels = labels
    self.areas = areas
  }
}
