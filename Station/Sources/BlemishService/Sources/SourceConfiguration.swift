import Foundation

/// Where pictures come from by themselves.
public struct SourceConfiguration: Sendable, Equatable {
  /// What kind of place it is.
  public enum Kind: Sendable, Equatable {
    /// A folder into which other programs put pictures. What was judged is moved to another folder, or left.
    case folder(path: String, moved: String?)
    /// What ffmpeg can open: an RTSP or MJPEG address, a device, a file.
    case camera(input: String, options: [String], perSecond: Double)
  }

  /// Its name, which inspections bear.
  public var name: String
  /// The kind.
  public var kind: Kind
  /// The model that judges.
  public var model: String
  /// The number of false alarms per good picture, where it is not the model's own.
  public var falseAlarms: Double?

  init(name: String, _ section: Section) throws {
    self.name = name
    model = try section.required("model")
    falseAlarms = try section.positive("false_alarms")
    let folder = try section.string("folder")
    let camera = try section.string("camera")
    switch (folder, camera) {
    case (let folder?, nil):
      kind = .folder(path: folder, moved: try section.string("move_to"))
    case (nil, let camera?):
      let options = try section.string("ffmpeg_options") ?? ""
      kind = .camera(
        input: camera, options: options.split(separator: " ").map(String.init),
        perSecond: try section.positive("per_second") ?? 1)
    default: throw Section.Problem("sources.\(name) must have either folder or camera")
    }
    try section.finish()
  }
}
