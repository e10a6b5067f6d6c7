import BlemishSupport
import Foundation

/// Why no data set of parts can be drawn.
public enum GeneratedPartsError: Error, Equatable, CustomStringConvertible, LocalizedError {
  /// Pictures cannot be drawn at this size, in pixels.
  case unusableSize(Int, allowed: ClosedRange<Int>)

  /// What is wrong and what to do.
  public var description: String {
    switch self {
    case .unusableSize(let size, let allowed):
      "no parts can be drawn at \(size) pixels; "
        + "choose a size from \(allowed.lowerBound) to \(allowed.upperBound)"
    }
  }

  /// The same as `description`.
  public var errorDescription: String? { description }
}

/// A data set of parts drawn by the program, in MVTec AD's layout: several materials, changing light and
/// pose, noise, and planted defects whose masks are known exactly. Equal values write equal files.
public struct GeneratedParts: Hashable, Sendable {
  /// The sizes that can be drawn, in pixels.
  public static let sizes = 16...4096

  /// Which kinds of parts, one category each.
  public var materials: [PartMaterial]
  /// Width and height of the pictures in pixels.
  public var size: Int
  /// Good pictures to train on, per material.
  public var trainingPictures: Int
  /// Good pictures to test on, per material.
  public var goodTestPictures: Int
  /// Pictures of each defect, per material.
  public var picturesPerDefect: Int
  /// Another seed draws other specimens.
  public var seed: UInt64

  /// - Parameters:
  ///   - materials: which kinds of parts.
  ///   - size: width and height in pixels; 128 to 256 shows all there is.
  ///   - trainingPictures: good pictures to train on, per material.
  ///   - goodTestPictures: good pictures to test on, per material.
  ///   - picturesPerDefect: pictures of each defect, per material.
  ///   - seed: another seed draws other specimens.
  public init(
    materials: [PartMaterial] = PartMaterial.allCases,
    size: Int = 192,
    trainingPictures: Int = 60,
    goodTestPictures: Int = 20,
    picturesPerDefect: Int = 8,
    seed: UInt64 = 0
  ) {
    self.materials = materials
    self.size = size
    self.trainingPictures = trainingPictures
    self.goodTestPictures = goodTestPictures
    self.picturesPerDefect = picturesPerDefect
    self.seed = seed
  }

  /// How many pictures (without masks) `write` draws.
  public var count: Int {
    materials.reduce(0) { $0 + trainingPictures + goodTestPictures + $1.defects.count * picturesPerDefect }
  }

  /// Writes `FOLDER/MATERIAL/train/good/000.png` and so on, with `ground_truth/DEFECT/000_mask.png`.
  ///
  /// - Parameter folder: made if it does not exist; files of the same names are replaced.
  /// - Throws: ``GeneratedPartsError`` for a size that cannot be drawn; an error of the file system or the encoder.
  public func write(to folder: String) throws {
    guard Self.sizes.contains(size) else {
      throw GeneratedPartsError.unusableSize(size, allowed: Self.sizes)
    }
    for material in materials {
      try write(material, to: "\(folder)/\(material.rawValue)")
    }
  }

  private func write(_ material: PartMaterial, to category: String) throws {
    try writeAll(trainingPictures, of: material, defect: nil, to: category, part: "train/good")
    try writeAll(goodTestPictures, of: material, defect: nil, to: category, part: "test/good")
    for defect in material.defects {
      let part = "test/\(defect.rawValue)"
      try writeAll(picturesPerDefect, of: material, defect: defect, to: category, part: part)
    }
  }

  private func writeAll(
    _ count: Int, of material: PartMaterial, defect: DefectKind?, to category: String, part: String
  ) throws {
    guard count > 0 else { return }
    try Self.makeFolder("\(category)/\(part)")
    let masks = defect.map { "\(category)/ground_truth/\($0.rawValue)" }
    if let masks { try Self.makeFolder(masks) }
    for index in 0..<count {
      let number = String(repeating: "0", count: max(0, 3 - "\(index)".count)) + "\(index)"
      let name = "\(part)/\(number)"
      let (picture, mask) = material.draw(size: size, defect: defect, name: name, seed: seed)
      try picture.write(png: "\(category)/\(name).png")
      if let masks { try mask.picture.write(png: "\(masks)/\(number)_mask.png") }
    }
  }

  private static func makeFolder(_ path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
}
