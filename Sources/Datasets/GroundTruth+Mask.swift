import Imaging

extension Sample {
  /// Reads the picture's mask: empty for a good picture, `nil` for an anomalous one whose mask is not known.
  ///
  /// - Parameters:
  ///   - width: the picture's own width in pixels.
  ///   - height: the picture's own height in pixels.
  /// - Throws: `DatasetError` if the mask has another size than the picture, naming both files; `PictureError` if it
  ///   cannot be decoded.
  public func mask(width: Int, height: Int) throws -> Mask? {
    guard let groundTruth else {
      return isAnomalous
        ? nil : Mask(width: width, height: height, pixels: .init(repeating: false, count: width * height))
    }
    let masks = try groundTruth.load()
    for (path, mask) in masks where (mask.width, mask.height) != (width, height) {
      throw DatasetError(
        path,
        "the mask is \(mask.width) x \(mask.height) pixels, but its picture \(self.path) is "
          + "\(width) x \(height)"
      )
    }
    guard masks.count > 1 else { return masks.first?.mask }
    var union = [Bool](repeating: false, count: width * height)
    for (_, mask) in masks {
      for (index, isMarked) in mask.pixels.enumerated() where isMarked { union[index] = true }
    }
    return Mask(width: width, height: height, pixels: union)
  }
}

extension GroundTruth {
  /// Whether any pixel is marked; reads the masks.
  func marksAnything() throws -> Bool { try load().contains { $0.mask.pixels.contains(true) } }

  fileprivate func load() throws -> [(path: String, mask: Mask)] {
    switch self {
    case .picture(let path): [(path, try Mask(contentsOf: path))]
    case .labels(let paths): try paths.map { ($0, try Mask(contentsOf: $0, threshold: 0)) }
    case .numpy(let path, let frame):
      [(path, try NumpyFile(path: path).mask(frame: frame))]
    }
  }
}

extension NumpyFile {
  /// One frame of an array `[frames, height, width]`, marked wherever it is not 0.
  fileprivate func mask(frame index: Int) throws -> Mask {
    guard shape.count == 3, shape[1] > 0, shape[2] > 0 else {
      throw DatasetError(path, "has shape \(shape), expected [frames, height, width]")
    }
    return Mask(width: shape[2], height: shape[1], pixels: try frame(index))
  }
}
