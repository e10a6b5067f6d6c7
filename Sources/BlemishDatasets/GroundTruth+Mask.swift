import BlemishFiles
import BlemishImaging

extension Sample {
  /// Reads the picture's mask: empty for a good picture, `nil` for an anomalous one whose mask is not known.
  ///
  /// - Parameters:
  ///   - width: the picture's own width in pixels.
  ///   - height: the picture's own height in pixels.
  ///   - warn: is told of a mask that is not simply black and white.
  /// - Throws: `DatasetError` if the mask has another size than the picture, naming both files; `PictureError`
  ///   if it cannot be decoded.
  public func mask(width: Int, height: Int, warn: (DatasetWarning) -> Void = { _ in }) throws -> Mask? {
    guard let groundTruth else {
      return isAnomalous
        ? nil : Mask(width: width, height: height, pixels: .init(repeating: false, count: width * height))
    }
    let masks = try groundTruth.load(warn: warn)
    for (path, mask) in masks where (mask.width, mask.height) != (width, height) {
      throw DatasetError.maskSize(
        path: path, width: mask.width, height: mask.height, picture: self.path, pictureWidth: width,
        pictureHeight: height)
    }
    guard masks.count > 1 else { return masks.first?.mask }
    var union = [Bool](repeating: false, count: width * height)
    for (_, mask) in masks {
      for (index, isMarked) in mask.pixels.enumerated() where isMarked { union[index] = true }
    }
    return Mask(width: width, height: height, pixels: union)
  }
}

extension Dataset {
  /// Reads the first mask of every kind of defect, to say early what its values are taken for. A mask that
  /// cannot be read is an error where it is used.
  func warningsOfMaskValues() -> [DatasetWarning] {
    var seen: Set<String> = []
    var warnings: [DatasetWarning] = []
    for sample in test where sample.groundTruth != nil && seen.insert(sample.defectType).inserted {
      _ = try? sample.groundTruth?.load { warnings.append($0) }
    }
    return warnings
  }
}

extension GroundTruth {
  /// The files that the mask is read from.
  var paths: [String] {
    switch self {
    case .picture(let path), .numpy(let path, _): [path]
    case .labels(let paths): paths
    }
  }

  /// Whether any pixel is marked; reads the masks.
  func marksAnything() throws -> Bool { try load { _ in }.contains { $0.mask.pixels.contains(true) } }

  fileprivate func load(warn: (DatasetWarning) -> Void) throws -> [(path: String, mask: Mask)] {
    switch self {
    case .picture(let path):
      let marking = MaskMarking(
        try Picture(contentsOf: path), isJPEG: jpegExtensions.contains(fileExtension(path)))
      if !marking.values.isEmpty { warn(.maskValues(path: path, values: marking.values)) }
      return [(path, marking.mask)]
    case .labels(let paths): return try paths.map { ($0, try Mask(contentsOf: $0, threshold: 0)) }
    case .numpy(let path, let frame): return [(path, try NumpyFile(path: path).mask(frame: frame))]
    }
  }
}

extension NumpyFile {
  /// One frame of an array `[frames, height, width]`, marked wherever it is not 0.
  fileprivate func mask(frame index: Int) throws -> Mask {
    guard shape.count == 3, shape[1] > 0, shape[2] > 0 else {
      throw DatasetError.arrayShape(path: path, shape: shape, expected: "[frames, height, width]")
    }
    return Mask(width: shape[2], height: shape[1], pixels: try frame(index))
  }
}
