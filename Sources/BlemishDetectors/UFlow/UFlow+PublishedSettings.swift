import BlemishCore

extension UFlow: PublishesSettings {
  /// The categories of MVTec AD, and `mvtec` for all of them.
  public static var settingNames: [String] { categories.keys.sorted() }

  /// The settings published for a category of MVTec AD.
  public static func settings(named name: String) -> PublishedSettings? {
    guard let row = categories[name] else { return nil }
    return PublishedSettings(
      backbone: "mcait", size: 448, configuration: try? json(of: Configuration(flowSteps: 4)),
      epochs: row.epochs,
      batch: row.batch, learningRate: row.rate, weightDecay: 1e-5)
  }

  /// What a YAML file of the published code says: `model: input_size, flow_steps, backbone` and
  /// `trainer: epochs, batch_train, learning_rate, weight_decay`.
  public static func settings(in file: SettingsFile) throws -> PublishedSettings {
    let settings = PublishedSettings(
      backbone: try file.value("model", "backbone", "a name") { $0 },
      size: try file.count("model", "input_size"),
      configuration: try file.count("model", "flow_steps").map { try json(of: Configuration(flowSteps: $0)) },
      epochs: try file.count("trainer", "epochs"), batch: try file.count("trainer", "batch_train"),
      learningRate: try file.number("trainer", "learning_rate"),
      weightDecay: try file.number("trainer", "weight_decay"))
    guard settings != PublishedSettings() else {
      throw SettingsError.empty(expected: "a 'model' or 'trainer' section")
    }
    return settings
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
}
