import BlemishSupport
import Foundation

/// What is wrong with the content of a file of tensors, or with one tensor, where the file's name is not known.
public enum DataFileProblem: Error, Equatable, Sendable, CustomStringConvertible, LocalizedError {
  /// The file system has refused it.
  case file(FileSystemError)
  /// The file is of no kind that is read.
  case notAWeightFile
  /// A checkpoint without tensors in dictionaries or lists; the classes and functions in it that were passed over.
  case noTensors(passedOver: [String])
  /// The end is missing; what shows it, where that is known.
  case cutOff(CutOff?)
  /// The content contradicts itself or its format.
  case damaged(Damage)
  /// The file is whole, and of a kind or version that is not read.
  case unsupported(UnsupportedFile)
  /// The file is made to take more time or memory than any honest one.
  case excessive(Excess)
  /// The format cannot hold what was to be written.
  case unwritable(FormatLimit)
  /// Something is wrong with one tensor.
  indirect case tensor(String, DataFileProblem)
  /// The elements are of a type that is not read.
  case elementType(String, readable: [String])
  /// Two tensors or entries have one name.
  case duplicate(String)
  /// The shape cannot be one.
  case impossibleShape([Int])
  /// The bytes are not as many as shape and type say.
  case byteCount(expected: Int, found: Int)
  /// Whole numbers are needed, and there are others.
  case notWholeNumbers(ElementType)
  /// A NumPy array without the frame that is asked for.
  case noFrame(Int, shape: [Int])

  /// What is wrong, for a person to read.
  public var description: String {
    switch self {
    case .file(let error): error.problem
    case .notAWeightFile:
      "is not a weight file: safetensors and PyTorch's .pth, .pt and .ckpt files can be read"
    case .noTensors(let others):
      "holds no tensors in dictionaries or lists; save model.state_dict()"
        + (others.isEmpty ? "" : " instead of objects (passed over: \(others.joined(separator: ", ")))")
    case .cutOff(let sign): sign.map { "was cut off: \($0)" } ?? "is damaged or was cut off"
    case .damaged(let damage): "is damaged: \(damage)"
    case .unsupported(let kind): kind.description
    case .excessive(let excess): excess.description
    case .unwritable(let limit): limit.description
    case .tensor(let name, let problem): "tensor \(printable(name)): \(problem)"
    case .elementType(let type, let readable):
      "has elements of type \(printable(type)); \(readable.joined(separator: ", ")) can be read"
    case .duplicate(let name): "has two entries called \(printable(name))"
    case .impossibleShape(let shape): "shape \(shape) is impossible"
    case .byteCount(let expected, let found):
      "its shape and type take \(expected) bytes, and there are \(found)"
    case .notWholeNumbers(let type): "whole numbers are needed here, the tensor holds \(type.rawValue)"
    case .noFrame(let index, let shape): "has shape \(shape) and so no frame \(index)"
    }
  }
  /// The same, for Foundation's error texts.
  public var errorDescription: String? { description }
}

extension DataFileProblem {
  /// What shows that the end of a file is missing.
  public enum CutOff: Equatable, Sendable, CustomStringConvertible {
    /// An array of this shape takes more bytes than there are.
    case array(shape: [Int], bytes: Int)
    /// A zip file without the directory at its end.
    case zipDirectory
    /// A tensor that ends at a byte that a file of so many bytes does not have.
    case tensor(String, end: Int, count: Int)

    /// The sign, for a person to read.
    public var description: String {
      switch self {
      case .array(let shape, let bytes): "shape \(shape) needs \(bytes) bytes"
      case .zipDirectory: "the directory at the end of the zip file is missing"
      case .tensor(let name, let end, let count): "tensor \(printable(name)) ends at byte \(end) of \(count)"
      }
    }
  }

  /// In what way a file's content contradicts itself or its format.
  public enum Damage: Equatable, Sendable, CustomStringConvertible {
    /// A safetensors header is not as the format wants it: from which byte on, and what a reader of JSON says of it.
    case header(byte: Int, problem: String)
    /// A zip file's directory makes no sense.
    case zipDirectory
    /// Entries of a zip file overlap.
    case zipEntriesOverlap
    /// A zip file has no entry of this name.
    case noZipEntry(String)
    /// An entry of a zip file is larger than what is looked for.
    case zipEntrySize(String, bytes: UInt64)
    /// What is deflated in a zip file is damaged or has another length.
    case deflated
    /// A pickle makes no sense.
    case pickle
    /// A tensor's bytes overlap another's, or leave a gap before them.
    case tensorPlace
    /// Bytes at the end of a file belong to no tensor.
    case bytesOfNoTensor(Int)
    /// The list of the storages is missing.
    case noStorageList
    /// The storage of this key is missing.
    case noStorage(key: String)
    /// A storage is of an element type that is not known.
    case storageElementType
    /// The storage of this key would have more bytes than can be counted.
    case storageSize(key: String)
    /// A tensor reaches beyond the end of its storage.
    case beyondStorage
    /// A tensor's steps through its storage cannot be.
    case strides([Int])

    /// The damage, for a person to read.
    public var description: String {
      switch self {
      case .header(let byte, let problem): "the safetensors header, at byte \(byte): \(printable(problem))"
      case .zipDirectory: "its zip directory makes no sense"
      case .zipEntriesOverlap: "entries of the zip file overlap"
      case .noZipEntry(let name): "the zip file has no '\(printable(name))'"
      case .zipEntrySize(let name, let bytes): "its '\(printable(name))' has \(bytes) bytes"
      case .deflated: "what is deflated in it is damaged or has another length"
      case .pickle: "its pickle makes no sense"
      case .tensorPlace: "it overlaps another or leaves a gap before it"
      case .bytesOfNoTensor(let count): "\(count) bytes at the end belong to no tensor"
      case .noStorageList: "the list of its storages is missing"
      case .noStorage(let key): "its storage \(printable(key)) is missing"
      case .storageElementType: "it has a storage of an unknown element type"
      case .storageSize(let key): "storage \(printable(key)) is too large"
      case .beyondStorage: "it reaches beyond the end of its storage"
      case .strides(let strides): "its strides \(strides) are impossible"
      }
    }
  }

  /// Whole files of kinds and versions that are not read.
  public enum UnsupportedFile: Equatable, Sendable, CustomStringConvertible {
    /// No safetensors file, or the beginning of one.
    case notSafeTensors
    /// No NumPy array of a version that is read.
    case notNumpy
    /// A NumPy array of objects, texts or records.
    case numpyOfNoNumbers
    /// A NumPy array in Fortran's order.
    case numpyByColumns
    /// A zip file with a password.
    case encryptedZip
    /// A zip file whose entries are compressed.
    case compressedZip
    /// A zip file, but not of PyTorch's.
    case otherZip
    /// A pickle, but not of PyTorch's.
    case otherPickle
    /// A pickle of another protocol than 2 to 5.
    case pickleProtocol(Int)
    /// A pickle with an instruction that is not read.
    case pickleInstruction(String)
    /// PyTorch's older format in a version that is not known.
    case legacyVersion
    /// Storages that are views of others, as PyTorch wrote before 0.4.
    case storageViews
    /// Numbers in big-endian order.
    case bigEndian
    /// A TorchScript program.
    case torchScript

    /// What the file is, and what can be read instead.
    public var description: String {
      switch self {
      case .notSafeTensors: "is not a safetensors file, or was cut off"
      case .notNumpy: "is no NumPy array that can be read (.npy); save it again with numpy.save"
      case .numpyOfNoNumbers: "holds no plain numbers; save the mask as numpy.uint8"
      case .numpyByColumns: "is stored column by column; save it with numpy.ascontiguousarray"
      case .encryptedZip: "is encrypted, which cannot be read"
      case .compressedZip:
        "is a compressed zip file; torch.save does not compress: unpack it, or save it again"
      case .otherZip: "is a zip file, but not one that torch.save has written"
      case .otherPickle: "is a pickle, but not one that torch.save has written"
      case .pickleProtocol(let version): "is a pickle of protocol \(version); 2 to 5 can be read"
      case .pickleInstruction(let code):
        "has an unknown or unsupported pickle instruction \(code); files of torch.save can be read"
      case .legacyVersion: "is of an unknown version of PyTorch's older format"
      case .storageViews: "has storage views of PyTorch before 0.4; load and save it with a newer one"
      case .bigEndian: "was written on a big-endian machine, which cannot be read"
      case .torchScript: "is a TorchScript program; save model.state_dict() instead"
      }
    }
  }

  /// What no honest file has so much of.
  public enum Excess: Equatable, Sendable, CustomStringConvertible {
    /// Values that repeat or contain themselves.
    case repetition
    /// Objects: more than this.
    case objects(limit: Int)
    /// A tensor's view of its storage.
    case view

    /// The excess, for a person to read.
    public var description: String {
      switch self {
      case .repetition: "repeats or contains itself too often to be a checkpoint"
      case .objects(let limit): "describes more than \(limit) objects, which no checkpoint needs"
      case .view: "its view of the storage is far larger than the file; save a copy of it"
      }
    }
  }

  /// What a format cannot hold.
  public enum FormatLimit: Equatable, Sendable, CustomStringConvertible {
    /// A zip file of more than 4 GB.
    case zipSize
    /// A tensor with the name that safetensors keeps for metadata.
    case metadataName
    /// A safetensors header of more than 100 MB.
    case headerSize

    /// The limit, for a person to read.
    public var description: String {
      switch self {
      case .zipSize: "would be larger than the 4 GB that a zip file holds; safetensors files may be larger"
      case .metadataName: "a tensor cannot be named __metadata__"
      case .headerSize: "names and metadata take more than the 100 MB that a file may have"
      }
    }
  }
}
