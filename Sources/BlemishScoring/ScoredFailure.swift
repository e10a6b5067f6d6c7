import BlemishCore
import BlemishImaging
import BlemishSupport
import BlemishWeights

/// The line of a picture that could not be judged.
struct ScoredFailure: Codable {
  var id: String
  var path: String
  var error: String

  init(_ row: ManifestRow, _ problem: String) { (id, path, error) = (row.id, row.name, problem) }
}

/// What is wrong with a picture, without its name, where it will be so in every run; nil for what another run may do
/// better: a file system or a network that fails, memory that is short, an address whose signature has expired.
func lastingProblem(of error: any Error) -> String? {
  switch error {
  case let error as FileSystemError: lastingProblem(of: error)
  case PictureError.file(let error): lastingProblem(of: error)
  case let error as PictureError: "\(error)"
  case let error as PictureSizeError: "\(error)"
  case let error as WebFileError:
    if case .failed = error.problem { nil } else { "\(error)" }
  default: nil
  }
}

private func lastingProblem(of error: FileSystemError) -> String? {
  switch error {
  case .missing, .empty, .isFolder, .notRegular, .tooLarge, .emptyPath, .notFolder: error.problem
  case .folderMissing, .permission, .readOnly, .full, .fileSizeLimit, .changed, .foreign, .noMemory, .other:
    nil
  }
}
