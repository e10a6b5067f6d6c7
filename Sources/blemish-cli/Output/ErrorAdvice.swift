import BlemishAContrario
import BlemishBackbones
import BlemishCore
import BlemishDatasets
import BlemishEvaluation
import BlemishExchange
import BlemishFiles
import BlemishImaging
import BlemishMeasures
import BlemishSupport
import BlemishTraining
import BlemishWeights
import Foundation

/// What went wrong while the tool ran, and was not the fault of how it was called.
struct ToolError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}

/// What a user can do with this tool about an error of the library's, which itself only says what is the case.
enum ErrorAdvice {
  /// The error's text, and the advice where there is some.
  static func text(of error: any Error) -> String {
    let what = withoutControls(description(of: error))
    guard let advice = advice(for: error) else { return what }
    let end = what.last.map { ".!?".contains($0) } == true ? " " : ". "
    return what + end + advice
  }

  /// A text in which no character moves the cursor or changes the terminal. Ends of lines stay.
  static func withoutControls(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { printable(String($0)) }
      .joined(separator: "\n")
  }

  private static func description(of error: any Error) -> String {
    switch error {
    case let error as DecodingError: error.summary
    // Foundation's texts name its own domains and codes.
    case let error as CocoaError: FileSystemError(error)?.description ?? "a file could not be read or written"
    case let error as POSIXError: String(cString: strerror(error.code.rawValue))
    default: "\(error)"
    }
  }

  /// What the user can do; nil where the error says all there is to say.
  static func advice(for error: any Error) -> String? {
    switch error {
    case let error as ModelFileError: advice(for: error.problem)
    case let error as ModelFileError.Problem: advice(for: error)
    case let error as DataFileError:
      if case .file(let error) = error.problem { advice(for: error) } else { nil }
    case let error as PictureError: advice(for: error)
    case let error as UnreadablePictures: error.pictures.last.flatMap { advice(for: $0.error) }
    case let error as FileSystemError: advice(for: error)
    case let error as TrainingError: advice(for: error)
    case let error as DetectorError: advice(for: error)
    case let error as PictureSizeError: advice(for: error)
    case let error as DatasetError: advice(for: error)
    case let error as AContrarioError: advice(for: error)
    case let error as ExchangeError: advice(for: error)
    case let error as SettingsError: advice(for: error)
    case InspectionError.noCalibration: "'blemish calibrate MODEL GOOD-PICTURES' makes a calibration."
    case InspectionError.publishedTest: "Leave out --test."
    case MeasureError.temporaryFile: "TMPDIR names another folder for temporary files."
    case EvaluationError.noPictures: "'blemish predict' judges single pictures."
    case let error as WeightsError: advice(for: error)
    case let error as BackboneError: advice(for: error)
    case let error as ComparisonError: advice(for: error)
    default: nil
    }
  }

  private static func advice(for problem: ModelFileError.Problem) -> String? {
    switch problem {
    case .notAModel: "'blemish import' makes a model of a published checkpoint."
    case .unfinished: "'blemish train --resume' goes on with it; --unfinished judges anyway."
    case .calibration: "'blemish calibrate MODEL GOOD-PICTURES' does."
    case .backboneMissing, .backboneDiffers: "--weights FILE names the file that holds them."
    case .finished: "Without --resume the training begins anew."
    case .unusable(let error), .notResumable(let error), .exchange(let error): advice(for: error)
    case .format, .configuration, .damaged, .features: nil
    }
  }

  private static func advice(for error: FileSystemError) -> String? {
    switch error {
    case .emptyPath: "An option or an argument was given an empty text."
    case .foreign: "--force replaces it."
    default: nil
    }
  }

  private static func advice(for error: PictureError) -> String? {
    switch error {
    case .file(let error): advice(for: error)
    case .tooLarge: "--max-pixels says how large pictures may be."
    case .needsRange: "'blemish train --range LOW,HIGH' says it, and the model keeps it."
    default: nil
    }
  }

  private static func advice(for error: TrainingError) -> String? {
    switch error {
    case .noPictures: "--format says which layout the folder has."
    case .tooFewPictures: nil
    case .tooFewHeldOut: "--held-out says how many are held out, 0 none."
    case .heldOut: "--held-out sets it."
    case .noMasks, .undefinedAUROC: "--keep likelihood needs no test pictures."
    case .diverged: "--learning-rate sets it."
    case .otherPictures: "Without --resume, and with the unfinished file removed, the training begins anew."
    case .notTunable: "--no-tune leaves the tuning out."
    case .unfinished: "--resume goes on with it, or remove it to begin anew."
    case .cache: "BLEMISH_HOME names another place; --cache-limit 0 does without."
    case .number, .record, .sharedTuning: nil
    }
  }

  private static func advice(for error: DetectorError) -> String? {
    switch error {
    case .unknown: "--detector names one."
    case .features: "--detector or --backbone names another."
    case .configuration, .number, .pictures, .unknownFit: nil
    }
  }

  private static func advice(for error: PictureSizeError) -> String? {
    switch error {
    case .notMultiple:
      error.nearest.map { "--size \($0.height)x\($0.width) is such a size." }
    case .tooLarge: "--size sets the size."
    case .tile: "--tile sets it."
    case .cells: "Leave out --tile, or name another --backbone."
    case .tooSmall: nil
    }
  }

  private static func advice(for error: DatasetError) -> String? {
    switch error {
    case .severalCategories(_, let known): "--category \(known.first ?? "NAME") does."
    case .unknownCategory, .noCategories: "--category names one; leave it out where there is none."
    case .otherLayout, .unrecognized: "--format names the layout."
    default: nil
    }
  }

  private static func advice(for error: AContrarioError) -> String? {
    switch error {
    case .tooFewPictures, .tooFewRegions: "Give more good pictures."
    case .identicalPictures, .noVariation, .equalHeights:
      "Give pictures of different good parts, each taken anew: a stuck camera gives one picture again and again."
    default: nil
    }
  }

  private static func advice(for error: ExchangeError) -> String? {
    switch error {
    case .otherWeights: "--weights names the files."
    case .alreadyAModel: "'blemish predict' takes it as it is."
    case .unfitBackbone, .severalBackbones: "--backbone names it."
    case .noOwnSize, .otherSize: "--size sets it."
    case .unknownKind, .noPublishedCode, .noBackbone, .noPicture: nil
    }
  }

  private static func advice(for error: SettingsError) -> String? {
    switch error {
    case .unknown, .none: "--settings names a category, or a YAML file."
    case .file(_, let error): error.flatMap { advice(for: $0) }
    default: nil
    }
  }

  private static func advice(for error: WeightsError) -> String? {
    switch error {
    case .unknown: "'blemish backbones' lists them."
    case .notNeeded(_, areInProgram: true): "'blemish train --weights FILE' takes others."
    case .unwritable(_, ENOSPC), .unwritable(_, EDQUOT):
      "Make room, or name another place with BLEMISH_HOME, and try again."
    case .unwritable: "BLEMISH_HOME names another place."
    case .unreachable, .status:
      "A file fetched by other means is taken by 'blemish backbones import FILE'; BLEMISH_WEIGHTS_URL names a mirror."
    case .unusable:
      "With 'blemish backbones import FILE --name NAME' the error says what is missing in the file."
    case .notInIndex:
      "--index-url names another index; a file fetched by other means is taken by 'blemish backbones import FILE'."
    case .notNeeded, .beingFetched, .tooLarge, .otherFile, .address: nil
    }
  }

  private static func advice(for error: BackboneError) -> String? {
    switch error {
    case .unknown: return "--backbone names one."
    case .missingWeights(_, let component, _), .noFileFits(let component, _, _),
      .wrongWeights(let component, _, _):
      return
        "'blemish backbones pull \(component)' fetches them; a file of them goes to --weights FILE or 'blemish "
        + "backbones import FILE'. Without weights, use --backbone \(BackboneCatalogue.standard.defaultName)."
    case .takesNoWeights: return "Leave out --weights."
    case .takesOneFile: return "Give one --weights."
    case .alreadyKnown, .repeatedComponent, .stages, .incompleteWhitening: return nil
    }
  }

  private static func advice(for error: ComparisonError) -> String? {
    switch error {
    case .otherSettings: "--output names another folder."
    case .unknownCategory: "--category names one."
    case .noRecord, .noResult: nil
    }
  }
}

extension FileSystemError {
  /// The error of the system's behind one of Foundation's; nil where there is none.
  fileprivate init?(_ error: CocoaError) {
    let path = error.userInfo[NSFilePathErrorKey] as? String ?? error.url?.path ?? ""
    switch error.code {
    case .fileNoSuchFile, .fileReadNoSuchFile: self = .missing(path: path)
    case .fileReadNoPermission: self = .permission(path: path, access: .read)
    case .fileWriteNoPermission: self = .permission(path: path, access: .write)
    case .fileWriteOutOfSpace: self = .full(path: path)
    case .fileWriteVolumeReadOnly: self = .readOnly(path: path)
    default: return nil
    }
  }
}
