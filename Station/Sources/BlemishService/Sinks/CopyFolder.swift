import Foundation

/// Copies pictures into a folder, each with a file of JSON beside it.
struct CopyFolder: SinkReceiver {
  let path: String
  let pictures: PictureFolder

  func take(_ message: SinkMessage, key: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      let base = "\(path)/\(message.id)_\(message.verdict.rawValue)"
      let day = PictureFolder.place(id: message.id, ending: "").split(separator: "/")[0]
      let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(pictures.root)/\(day)")) ?? []
      if let name = names.first(where: { $0.hasPrefix("\(message.id).") }),
        let bytes = pictures.bytes("\(day)/\(name)")
      {
        let ending = name.split(separator: ".").last.map(String.init) ?? "picture"
        try Data(bytes).write(to: URL(fileURLWithPath: "\(base).\(ending)"), options: .atomic)
      }
      try JSONText.data(message).write(to: URL(fileURLWithPath: base + ".json"), options: .atomic)
    } catch {
      throw SinkError.unreachable("\(path): cannot be written: \(error.localizedDescription)")
    }
  }
}
