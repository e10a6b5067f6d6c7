import BlemishCore

extension DetectorCatalogue {
  /// The detectors that Blemish brings. A new one is one line here.
  public static let standard = DetectorCatalogue([UFlow.self, MSFlow.self, PatchCore.self, PaDiM.self])
}

extension ModelReading {
  /// The standard way, with the detectors that Blemish brings.
  public init() { self.init(detectors: .standard) }
}

extension Model {
  /// Reads the file of a model on one of the detectors that Blemish brings.
  /// - Throws: `ModelFileError`, or an error of the weight file's; each names the file.
  public init(contentsOf path: String) throws { try self.init(contentsOf: path, ModelReading()) }
}
