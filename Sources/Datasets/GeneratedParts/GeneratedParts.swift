import Foundation
import Imaging

/// A data set of parts drawn by the program, in MVTec AD's layout: several materials, changing light and
/// pose, noise, and planted defects whose masks are known exactly. Equal values write equal files.
public struct GeneratedParts: Hashable, Sendable {
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
  /// - Throws: `DatasetError` for a size that cannot be drawn; an error of the file system or the encoder.
  public func write(to folder: String) throws {
    guard (16...4096).contains(size) else {
      throw DatasetError(
        folder,
        "cannot be filled with pictures of \(size) pixels; choose a size from 16 to 4096"
      )
    }
    for material in materials {
      let category = Folder(path: folder) / material.rawValue
      func writeAll(_ count: Int, to part: String, defect: DefectKind?) throws {
        guard count > 0 else { return }
        try FileManager.default.createDirectory(
          atPath: category.file(part),
          withIntermediateDirectories: true
        )
        let masks = "ground_truth/\(defect?.rawValue ?? "")"
        if defect != nil {
          try FileManager.default.createDirectory(
            atPath: category.file(masks),
            withIntermediateDirectories: true
          )
        }
        for index in 0..<count {
          let name = String(repeating: "0", count: max(0, 3 - "\(index)".count)) + "\(index)"
          let part = "\(part)/\(name)"
          let (picture, mask) = material.draw(size: size, defect: defect, name: part, seed: seed)
          try picture.write(png: category.file("\(part).png"))
          if defect != nil { try mask.picture.write(png: category.file("\(masks)/\(name)_mask.png")) }
        }
      }
      try writeAll(trainingPictures, to: "train/good", defect: nil)
      try writeAll(goodTestPictures, to: "test/good", defect: nil)
      for defect in material.defects {
        try writeAll(picturesPerDefect, to: "test/\(defect.rawValue)", defect: defect)
      }
    }
  }
}
