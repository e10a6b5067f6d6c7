import BlemishSupport
import Foundation

/// Why a data set on disk cannot be used. Every case names the file or folder.
public enum DatasetError: Error, Equatable, CustomStringConvertible, LocalizedError {
  /// There is nothing at the path.
  case missing(path: String)
  /// The folder cannot be listed, or the file cannot be read.
  case unreadable(path: String, reason: String)
  /// The folder holds nothing.
  case empty(path: String)
  /// The path is a file, but no CSV file that lists pictures.
  case notAFolder(path: String)
  /// The folder holds no pictures that can be read; `leftOut` says what it holds.
  case noPictures(path: String, leftOut: [DatasetWarning])
  /// The folder holds folders with pictures, and no layout fits.
  case picturesOneLevelDown(path: String, folders: [String])
  /// No layout fits the folder.
  case unrecognized(path: String)
  /// The folder does not have the layout that was asked for.
  case otherLayout(path: String, asked: DatasetFormat)
  /// There are no good pictures to learn from where they belong.
  case noGoodPictures(path: String)
  /// A category was asked for, but there are none.
  case noCategories(path: String, asked: String)
  /// There is no category of that name.
  case unknownCategory(path: String, asked: String, known: [String])
  /// There are several categories, and none was asked for.
  case severalCategories(path: String, known: [String])
  /// Anomalous pictures have no masks.
  case noMasks(path: String, missing: [MissingMask])
  /// A mask has another size than its picture; sizes in pixels.
  case maskSize(
    path: String, width: Int, height: Int, picture: String, pictureWidth: Int, pictureHeight: Int)
  /// An array has another shape than what belongs to it.
  case arrayShape(path: String, shape: [Int], expected: String)
  /// Test pictures have no labels.
  case noLabels(path: String, expected: String)
  /// There are videos, and the program that extracts their frames is not installed.
  case noVideoProgram(path: String, frames: String)
  /// The frames of a video cannot be extracted.
  case unusableVideo(path: String, frames: String, reason: String)
  /// Something is wrong with a file that lists pictures; `line` counts from 1.
  case listing(path: String, line: Int?, problem: ListingProblem)

  /// An anomalous picture without a mask.
  public struct MissingMask: Hashable, Sendable {
    /// The picture.
    public var picture: String
    /// Where its mask is expected.
    public var expected: String
  }

  /// The file or folder that the error is about.
  public var path: String {
    switch self {
    case .missing(let path), .unreadable(let path, _), .empty(let path), .notAFolder(let path),
      .noPictures(let path, _), .picturesOneLevelDown(let path, _), .unrecognized(let path),
      .otherLayout(let path, _), .noGoodPictures(let path), .noCategories(let path, _),
      .unknownCategory(let path, _, _), .severalCategories(let path, _), .noMasks(let path, _),
      .maskSize(let path, _, _, _, _, _), .arrayShape(let path, _, _), .noLabels(let path, _),
      .noVideoProgram(let path, _), .unusableVideo(let path, _, _), .listing(let path, _, _):
      path
    }
  }

  /// The path, then what is wrong and what to do.
  public var description: String { "\(printable(path)): \(problem)" }

  /// The same as `description`.
  public var errorDescription: String? { description }

  private var problem: String {
    switch self {
    case .missing: return "does not exist"
    case .unreadable(_, let reason): return "cannot be read: \(reason)"
    case .empty: return "is empty: there is nothing to learn from"
    case .notAFolder:
      return "is a file; name a folder of pictures, or a CSV file that lists them"
    case .noPictures(_, let leftOut):
      let endings = pictureExtensions.sorted().joined(separator: ", ")
      let instead = leftOut.isEmpty ? "" : "; it holds " + leftOut.map(\.summary).joined(separator: ", ")
      return "holds no pictures that can be read (\(endings))\(instead)"
    case .picturesOneLevelDown(_, let folders):
      return "holds no pictures itself; the pictures are one level down, in \(shortened(folders)). Name one "
        + "of these folders, or put the good pictures into a folder \"good\""
    case .unrecognized:
      let lookedFor = DatasetFormat.layouts.map { "  \($0.format.rawValue): \($0.evidence)" }
      return "is no data set that is recognised. Looked for, in this order:\n"
        + lookedFor.joined(separator: "\n")
    case .otherLayout(_, let asked):
      return "does not have the layout \(asked.rawValue): expected \(DatasetFormat.evidence(of: asked))"
    case .noGoodPictures: return "holds no pictures; training needs good ones there"
    case .noCategories(_, let asked): return "has no categories, so there is no category \"\(asked)\""
    case .unknownCategory(_, let asked, let known):
      return "has no category \"\(asked)\"; it has \(known.joined(separator: ", "))"
    case .severalCategories(_, let known):
      return "has several categories, name one of them: \(known.joined(separator: ", "))"
    case .noMasks(_, let missing):
      let have = missing.count == 1 ? "picture has" : "pictures have"
      let named = shortened(missing.map { "\($0.picture) (expected \($0.expected))" })
      return "\(missing.count) anomalous \(have) no mask: \(named)"
    case .maskSize(_, let width, let height, let picture, let pictureWidth, let pictureHeight):
      return "the mask is \(width) x \(height) pixels, but its picture \(picture) is "
        + "\(pictureWidth) x \(pictureHeight)"
    case .arrayShape(_, let shape, let expected): return "has shape \(shape), expected \(expected)"
    case .noLabels(_, let expected): return "has no labels; expected \(expected)"
    case .noVideoProgram(_, let frames):
      return "holds videos, which ffmpeg is needed for: install it (apt-get install ffmpeg), or extract the "
        + "frames of each elsewhere, such as training/videos/01_001.avi into \(frames)/01_001/*.jpg"
    case .unusableVideo(_, let frames, let reason):
      return "its frames cannot be extracted into \(frames): \(reason)"
    case .listing(_, let line, let problem):
      return (line.map { "line \($0) " } ?? "") + problem.description
    }
  }
}

/// What can be wrong with a file that lists pictures. The descriptions follow "line 3".
public enum ListingProblem: Hashable, Sendable, CustomStringConvertible {
  /// The folder holds no CSV file that lists pictures.
  case noListing
  /// The file is not UTF-8 text.
  case notText
  /// The file has no heading.
  case noHeading
  /// The columns that every listing needs are missing.
  case noColumns(found: [String])
  /// A quote is opened and never closed.
  case openQuote
  /// The row has another number of fields than the heading.
  case fields(found: Int, expected: Int)
  /// The row names no picture.
  case noPicture
  /// The row has no label.
  case noLabel
  /// The split is none that is known.
  case unknownSplit(String)
  /// The row names no category, but others do.
  case noCategory
  /// The file that the row lists is not there.
  case missingFile(String)
  /// The picture is listed in an earlier line, too.
  case listedTwice(picture: String, line: Int)
  /// The picture is listed in an earlier line for another split, so that it would be learnt and judged.
  case listedForTwoSplits(picture: String, split: Split, line: Int, otherSplit: Split)

  /// What is wrong and what to do.
  public var description: String {
    switch self {
    case .noListing: "holds no CSV file that lists pictures"
    case .notText: "is not UTF-8 text; save the table as CSV in UTF-8"
    case .noHeading: "is empty; expected a heading such as image,label,mask"
    case .noColumns(let found):
      "needs the columns image and label; it has \(found.joined(separator: ", "))"
    case .openQuote: "opens a quote that is never closed"
    case .fields(let found, let expected): "has \(found) fields, the heading has \(expected)"
    case .noPicture: "names no picture"
    case .noLabel: "has no label"
    case .unknownSplit(let name): "has the split \"\(name)\"; it can be train, validation or test"
    case .noCategory: "names no category, but others do"
    case .missingFile(let file): "lists \(file), which does not exist"
    case .listedTwice(let picture, let line): "lists \(picture) twice, it is in line \(line), too"
    case .listedForTwoSplits(let picture, let split, let line, let other):
      "lists \(picture) for \(split.rawValue), but line \(line) lists it for \(other.rawValue)"
    }
  }
}

/// The first five of some names, and that there are more.
func shortened(_ names: [String]) -> String {
  names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", ..." : "")
}
