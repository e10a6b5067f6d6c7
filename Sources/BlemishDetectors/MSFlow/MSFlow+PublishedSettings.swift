import BlemishCore

extension MSFlow: PublishesSettings {
  /// Only one category of MVTec AD was published with settings of its own.
  public static var settingNames: [String] { ["transistor"] }

  /// Pictures of 256 x 256 for MVTec AD's transistor.
  public static func settings(named name: String) -> PublishedSettings? {
    name == "transistor" ? PublishedSettings(size: 256) : nil
  }

  /// The published code reads no files of settings.
  /// - Throws: `SettingsError`.
  public static func settings(in file: SettingsFile) throws -> PublishedSettings {
    throw SettingsError.none(detector: name)
  }
}
