import Foundation
import Yams

/// Settings of a training under a name, or from a YAML file in the layout of the published U-Flow code.
public struct PublishedSettings: Sendable, Equatable {
  /// The backbone's name.
  public var backbone: String?
  /// The side of the pictures at the backbone.
  public var size: Int?
  /// Steps of a flow stage.
  public var flowSteps: Int?
  /// Passes over the training pictures.
  public var epochs: Int?
  /// Pictures a step.
  public var batch: Int?
  /// Adam's learning rate.
  public var learningRate: Double?
  /// How much of each parameter is added to its gradient.
  public var weightDecay: Double?

  /// The settings published for the categories of MVTec AD.
  /// - Throws: ``ConfigurationError`` that lists the names there are.
  public static func named(_ name: String) throws -> PublishedSettings {
    guard let row = categories[name] else {
      throw ConfigurationError(
        "There are no settings '\(name)', and no such file; there are \(categories.keys.sorted().joined(separator: ", "))."
      )
    }
    return PublishedSettings(
      backbone: "mcait", size: 448, flowSteps: 4, epochs: row.epochs, batch: row.batch,
      learningRate: row.rate,
      weightDecay: 1e-5)
  }

  private static let categories: [String: (epochs: Int, batch: Int, rate: Double)] = [
    "mvtec": (200, 8, 1e-4),
    "bottle": (200, 23, 1.1289990475381853e-4),
    "cable": (200, 14, 1.616039111268198e-3),
    "capsule": (200, 14, 1.2118892498142058e-3),
    "carpet": (200, 13, 3.163419554150971e-5),
    "grid": (500, 12, 3.6224837438852e-5),
    "hazelnut": (500, 21, 1.3268898640895934e-3),
    "leather": (500, 15, 6.124723659154866e-4),
    "metal_nut": (200, 11, 8.148858311570219e-4),
    "pill": (200, 11, 1.0756100354690954e-3),
    "screw": (500, 11, 4.155987052838602e-4),
    "tile": (200, 30, 6.045754779719109e-3),
    "toothbrush": (200, 21, 1.287312814913699e-4),
    "transistor": (400, 20, 1.12129043027424e-3),
    "wood": (500, 22, 2.466546120460351e-4),
    "zipper": (200, 24, 4.55246818236177e-5),
  ]

  /// A YAML file with `model: input_size, flow_steps, backbone` and `trainer: epochs, batch_train, learning_rate,
  /// weight_decay`; what else it says is passed over.
  /// - Throws: ``ConfigurationError`` that names the file and the entry.
  public init(contentsOf path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ConfigurationError("\(path): cannot be read")
    }
    do {
      self = try Self(yaml: data)
    } catch let error as ConfigurationError {
      throw ConfigurationError("\(path): \(error)")
    }
  }

  /// The settings without a name or a file: nothing is set.
  public init(
    backbone: String? = nil, size: Int? = nil, flowSteps: Int? = nil, epochs: Int? = nil, batch: Int? = nil,
    learningRate: Double? = nil, weightDecay: Double? = nil
  ) {
    self.backbone = backbone
    self.size = size
    self.flowSteps = flowSteps
    self.epochs = epochs
    self.batch = batch
    self.learningRate = learningRate
    self.weightDecay = weightDecay
  }

  init(yaml data: Data) throws {
    let root = try SafeYAML.node(data)
    guard let root, root.mapping != nil else {
      throw ConfigurationError("has no 'model' and 'trainer' sections, as the published settings have")
    }
    func value<Value>(_ section: String, _ key: String, _ kind: String, _ convert: (String) -> Value?) throws
      -> Value?
    {
      guard let node = root[section]?[key] else { return nil }
      guard let text = node.scalar?.string, let value = convert(text) else {
        throw ConfigurationError("\(section).\(key) is not \(kind)")
      }
      return value
    }
    func positive(_ section: String, _ key: String) throws -> Int? {
      try value(section, key, "a whole number from 1 to 100000") { text in
        Int(text).flatMap { (1...100_000).contains($0) ? $0 : nil }
      }
    }
    func number(_ section: String, _ key: String) throws -> Double? {
      try value(section, key, "a number of at least 0") { text in
        Double(text).flatMap { $0.isFinite && $0 >= 0 ? $0 : nil }
      }
    }
    self.init(
      backbone: try value("model", "backbone", "a name") { $0 }, size: try positive("model", "input_size"),
      flowSteps: try positive("model", "flow_steps"), epochs: try positive("trainer", "epochs"),
      batch: try positive("trainer", "batch_train"), learningRate: try number("trainer", "learning_rate"),
      weightDecay: try number("trainer", "weight_decay"))
    guard self != PublishedSettings() else {
      throw ConfigurationError("has none of the settings of a 'model' or 'trainer' section")
    }
  }
}
