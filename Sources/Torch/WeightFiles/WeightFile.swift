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
  /// - Throws: `WeightFileError` for a file that cannot be read, is damaged or is of another kind.
  public init(readingAny path: String) throws {
    let file = try FileAccess.map(path)
    // Safetensors first: the length it begins with can look like the beginning of a pickle.
    if SafeTensors.recognises(file) {
      self = try SafeTensors.read(file, path: path)
    } else if PyTorchFile.recognises(file) {
      let checkpoint = try PyTorchFile(file, path: path)
      let tensors = try checkpoint.stateDictionary()
      guard !tensors.isEmpty else {
        let others = checkpoint.passedOver.joined(separator: ", ")
        throw WeightFileError(
          path: path,
          problem: "holds no tensors in dictionaries or lists; save model.state_dict()"
            + (others.isEmpty ? "" : " instead of objects (passed over: \(others))")
        )
      }
      self.init(tensors: tensors)
    } else {
      throw WeightFileError(
        path: path,
        problem: "is not a weight file: safetensors and PyTorch's .pth, .pt and .ckpt files can be read"
      )
    }
  }
}
