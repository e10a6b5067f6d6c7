import Foundation

/// Named tensors and the texts that describe them, as read from a file or to be written to one.
public struct WeightFile: Sendable {
  /// The tensors by name, such as `layer1.0.conv1.weight`.
  public var tensors: [String: StoredTensor]
  /// Texts stored beside the tensors.
  public var metadata: [String: String]

  /// A collection of tensors.
  public init(tensors: [String: StoredTensor], metadata: [String: String] = [:]) {
    self.tensors = tensors
    self.metadata = metadata
  }
}

extension WeightFile {
  /// Reads safetensors or a PyTorch checkpoint (`.pth`, `.pt`, `.ckpt`), told apart by their content. Of a
  /// checkpoint the tensors under `state_dict` are taken where there is such an entry, otherwise all.
  ///
  /// - Throws: `DataFileError` for a file that cannot be read, is damaged or is of another kind.
  public init(readingAny path: String) throws {
    let source = try ByteSource(opening: path)
    let start = try DataFileError.naming(path) { try source.prefix(SafeTensors.recognisedPrefix) }
    // Safetensors first: the length it begins with can look like the beginning of a pickle.
    if SafeTensors.recognises(start) {
      self = try SafeTensors.read(source, path: path)
    } else if PyTorchFile.recognises(start) {
      let checkpoint = try PyTorchFile(source, path: path)
      let tensors = try checkpoint.stateDictionary()
      guard !tensors.isEmpty else {
        throw DataFileError(path: path, problem: .noTensors(passedOver: checkpoint.passedOver))
      }
      self.init(tensors: tensors)
    } else {
      throw DataFileError(path: path, problem: .notAWeightFile)
    }
  }
}
