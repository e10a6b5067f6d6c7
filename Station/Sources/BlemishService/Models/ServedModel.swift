import Blemish
import Foundation

/// A model as the station serves it: a value that never changes, so that a request keeps the one that it began with.
public struct ServedModel: Sendable {
  /// Its file's name without the extension.
  public let name: String
  /// The model.
  public let model: Model
  /// SHA-256 of its file, in hexadecimal digits.
  public let hash: String
  /// When it was loaded.
  public let loaded: Date
  /// By what it decides where a request says nothing else.
  public let options: InspectionOptions

  /// The name of this version of the model: the first digits of its file's hash.
  public var version: String { String(hash.prefix(12)) }

  /// The number of false alarms per good picture that it accepts.
  public var falseAlarms: Double { options.rule(for: model.configuration).operatingPoint.falseAlarms }

  /// Reads a model file.
  /// - Throws: an error that names the file.
  init(name: String, path: String, options: InspectionOptions, maximumPixels: Int) throws {
    var reading = ModelReading(detectors: .standard)
    reading.maximumPixels = maximumPixels
    // The file is hashed first: where it is replaced in between, the next look at the folder loads it again.
    hash = Digest.hexadecimal(
      Digest.sha256(try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)))
    model = try Model(contentsOf: path, reading)
    self.name = name
    self.options = options
    loaded = Date()
  }
}
