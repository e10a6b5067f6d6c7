import Foundation

/// The pictures of the inspections: a folder for each day, a file for each picture, under the inspection's number.
struct PictureFolder: Sendable {
  let root: String

  /// Where a picture of an inspection lies below the folder.
  static func place(id: Int64, ending: String) -> String {
    var seconds = time_t(id / 1_000_000)
    var day = tm()
    gmtime_r(&seconds, &day)
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(day.tm_year + 1900)-\(two(day.tm_mon + 1))-\(two(day.tm_mday))/\(id).\(ending)"
  }

  /// The ending of a picture's file, by how it begins.
  static func ending(of bytes: [UInt8]) -> String {
    if bytes.starts(with: [0xFF, 0xD8]) { return "jpg" }
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return "png" }
    if bytes.starts(with: [0x52, 0x49, 0x46, 0x46]) { return "webp" }
    if bytes.starts(with: [0x49, 0x49]) || bytes.starts(with: [0x4D, 0x4D]) { return "tiff" }
    if bytes.starts(with: [0x42, 0x4D]) { return "bmp" }
    return "picture"
  }

  /// Writes pictures so that they are on the disk when this returns.
  /// - Throws: `CocoaError` or `POSIXError`; what was written is removed then.
  func write(_ pictures: [(place: String, bytes: [UInt8])]) throws {
    var folders: Set<String> = []
    do {
      for picture in pictures {
        let path = root + "/" + picture.place
        let folder = String(path[..<path.lastIndex(of: "/")!])
        if folders.insert(folder).inserted, access(folder, F_OK) != 0 {
          try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
          folders.insert(root)
        }
        try write(picture.bytes, to: path)
      }
      for folder in folders { try synchronize(folder) }
    } catch {
      for picture in pictures { remove(picture.place) }
      throw error
    }
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    let file = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
    guard file >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    defer { close(file) }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(file, $0.baseAddress! + written, bytes.count - written)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
      written += count
    }
    guard fdatasync(file) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
  }

  private func synchronize(_ folder: String) throws {
    let file = Glibc.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    defer { close(file) }
    guard fsync(file) == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
  }

  /// The bytes of a picture; nil where there is none.
  func bytes(_ place: String) -> [UInt8]? {
    (try? Data(contentsOf: URL(fileURLWithPath: root + "/" + place))).map { [UInt8]($0) }
  }

  /// Removes a picture, and the folder of its day with the last one.
  func remove(_ place: String) {
    unlink(root + "/" + place)
    if let slash = place.lastIndex(of: "/") { rmdir(root + "/" + place[..<slash]) }
  }

  /// All pictures there are.
  func places() -> [String] {
    let days = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    return days.flatMap { day in
      ((try? FileManager.default.contentsOfDirectory(atPath: root + "/" + day)) ?? []).map { day + "/" + $0 }
    }
  }
}
