import BlemishCore
import BlemishSupport

/// The regions of pictures in the form of COCO's annotations (https://cocodataset.org/#format-data), which labelling
/// tools open. Polygons have no holes there; `area` is that of the region's pixels.
struct COCOListing: Encodable {
  private struct Image: Encodable {
    let id: Int
    let width: Int
    let height: Int
    let fileName: String

    enum CodingKeys: String, CodingKey {
      case id, width, height
      case fileName = "file_name"
    }
  }

  private struct Annotation: Encodable {
    let id: Int
    let image: Int
    let category: Int
    let segmentation: [[Double]]
    let area: Int
    let box: [Int]
    let isCrowd = 0

    enum CodingKeys: String, CodingKey {
      case id, segmentation, area
      case image = "image_id"
      case category = "category_id"
      case box = "bbox"
      case isCrowd = "iscrowd"
    }
  }

  private struct Category: Encodable {
    let id: Int
    let name: String
  }

  /// The kind of file.
  static let file = OwnFile.text("annotations of a result", beginningWith: ["{\"about\":\"Blemish"])

  private let about = "Blemish \(blemishVersion)"
  private var images: [Image] = []
  private var annotations: [Annotation] = []
  private let categories = [Verdict.anomalous, .review].enumerated().map {
    Category(id: $0 + 1, name: $1.rawValue)
  }

  /// Adds a picture; pictures without a region are listed, too.
  mutating func add(_ found: FindingJSON) {
    images.append(
      Image(id: images.count + 1, width: found.width, height: found.height, fileName: found.path))
    for region in found.regions {
      annotations.append(
        Annotation(
          id: annotations.count + 1, image: images.count,
          category: categories.first { $0.name == region.verdict.rawValue }?.id ?? 1,
          segmentation: (region.shape?.polygons ?? []).map { $0.flatMap { $0 } }, area: region.area,
          box: [region.x, region.y, region.width, region.height]))
    }
  }
}
