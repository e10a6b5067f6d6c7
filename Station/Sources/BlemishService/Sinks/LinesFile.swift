import Foundation

/// Appends a line of JSON for each message to a file.
struct LinesFile: SinkReceiver {
  let path: String

  private struct Line: Encodable {
    var key: String
    var message: SinkMessage

    enum CodingKeys: String, CodingKey { case key }

    func encode(to encoder: any Encoder) throws {
      try message.encode(to: encoder)
      var values = encoder.container(keyedBy: CodingKeys.self)
      try values.encode(key, forKey: .key)
    }
  }

  func take(_ message: SinkMessage, key: String) throws {
    let bytes = [UInt8](try JSONText.data(Line(key: key, message: message))) + [UInt8(ascii: "\n")]
    // Opened anew each time, so that the file may be moved away.
    let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
    guard file >= 0 else { throw SinkError.unreachable("\(path): \(String(cString: strerror(errno)))") }
    defer { close(file) }
    var end = stat()
    let began = fstat(file, &end) == 0 ? end.st_size : -1
    guard write(file, bytes, bytes.count) == bytes.count, fdatasync(file) == 0 || errno == EINVAL else {
      let reason = String(cString: strerror(errno))
      // No half line stays.
      if began >= 0 { ftruncate(file, began) }
      throw SinkError.unreachable("\(path): \(reason)")
    }
  }
}
