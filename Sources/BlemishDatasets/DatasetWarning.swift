import BlemishSupport

/// What is odd about a data set on disk but no obstacle. Every case names the file or folder.
public enum DatasetWarning: Hashable, Sendable, CustomStringConvertible {
  /// A mask has no picture.
  case maskWithoutPicture(path: String)
  /// A folder of masks has no pictures.
  case masksWithoutPictures(path: String)
  /// An anomalous picture has no mask, though others have.
  case pictureWithoutMask(path: String, expected: String)
  /// A folder in `train` is not among the good ones.
  case folderNotUsed(path: String, used: String)
  /// Anomalous pictures among those for training.
  case defectiveNotLearnt(path: String, count: Int)
  /// A listing has an anomalous picture in a split that is only for good ones.
  case anomalousInSplit(path: String, split: Split)
  /// Masks lie among good pictures.
  case masksNotLearnt(path: String, count: Int, example: String)
  /// Good pictures whose masks mark something.
  case markedNotLearnt(path: String, count: Int, example: String)
  /// A folder holds files that are left out.
  case leftOut(path: String, kind: LeftOutKind, count: Int)
  /// A mask is no mask of black and white; what is not background is marked.
  case maskValues(path: String, values: [String])

  /// Why files of a folder are left out.
  public enum LeftOutKind: Hashable, Sendable {
    /// The files have an ending that is not read; empty where they have none.
    case ending(String)
    /// The pictures' own names begin with a point.
    case hidden
    /// The pictures lie in a folder whose name begins with a point.
    case hiddenFolder(String)
    /// The pictures lie in a folder inside.
    case oneLevelDown(String)
  }

  /// The file or folder that the warning is about.
  public var path: String {
    switch self {
    case .maskWithoutPicture(let path), .masksWithoutPictures(let path), .pictureWithoutMask(let path, _),
      .folderNotUsed(let path, _), .defectiveNotLearnt(let path, _), .anomalousInSplit(let path, _),
      .masksNotLearnt(let path, _, _), .markedNotLearnt(let path, _, _), .leftOut(let path, _, _),
      .maskValues(let path, _):
      path
    }
  }

  /// The path, then what is odd.
  public var description: String { "\(printable(path)): \(summary)" }

  /// What is odd, without the path.
  var summary: String {
    switch self {
    case .maskWithoutPicture: "a mask without a picture, not used"
    case .masksWithoutPictures: "masks without pictures, not used"
    case .pictureWithoutMask(_, let expected): "no mask (expected \(expected))"
    case .folderNotUsed(_, let used): "not used, training uses only \(used)"
    case .defectiveNotLearnt(_, let count): "\(count) defective training \(pictures(count)) left out"
    case .anomalousInSplit(_, let split): "not used, an anomalous picture in the split \(split.rawValue)"
    case .masksNotLearnt(_, let count, let example):
      "\(count) \(count == 1 ? "mask is" : "masks are") left out, such as \(example); only pictures are learnt"
    case .markedNotLearnt(_, let count, let example):
      "\(count) \(pictures(count)) left out, such as \(example), because a mask marks a defect"
    case .leftOut(_, let kind, let count):
      switch kind {
      case .ending(""): "\(count) \(count == 1 ? "file" : "files") without an ending left out"
      case .ending(let ending): "\(count) .\(ending) \(count == 1 ? "file" : "files") left out"
      case .hidden: "\(count) hidden \(pictures(count)) left out"
      case .hiddenFolder(let name): "\(count) \(pictures(count)) in the hidden folder \(name) left out"
      case .oneLevelDown(let name): "\(count) \(pictures(count)) one level down in \(name) left out"
      }
    case .maskValues(_, let values):
      "a mask of other values than black and white (\(shortened(values))); all but the background is marked"
    }
  }
}

private func pictures(_ count: Int) -> String { count == 1 ? "picture" : "pictures" }
