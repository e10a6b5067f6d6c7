import BlemishFiles
import BlemishTorch
import CEmbeddedWeights
import Foundation

/// The weights of the embedded backbone, with the head that it was trained with.
public enum EmbeddedWeights {
  /// Whether the program was built with weights.
  public static var arePresent: Bool { embedded_weights_length() > 0 }

  /// The file within the program; nil where it was built without weights.
  /// - Throws: `DataFileError` when it is not valid.
  public static func file() throws -> WeightFile? {
    guard arePresent, let start = UnsafeMutableRawPointer(mutating: embedded_weights()) else { return nil }
    let bytes = Data(bytesNoCopy: start, count: embedded_weights_length(), deallocator: .none)
    return try SafeTensors.read(bytes, path: "the weights in the program")
  }

  /// The tensors; random ones of a fixed seed where the program was built without weights.
  /// - Throws: `DataFileError` when the file within the program is not valid.
  public static func stateDict() throws -> [String: StoredTensor] {
    if let file = try file() { return file.tensors }
    return try random.get()
  }

  private static let random = Result {
    let parameters = Parameters(seed: 0)
    _ = try DefectSegmenter<TrainedUnit>(parameters.root, .standard)
    return parameters.stateDict()
  }
}
