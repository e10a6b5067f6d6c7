import BlemishImaging
import BlemishSupport
import BlemishSynthesis
import Foundation

/// A file of events that TensorBoard reads while it grows.
///
/// TensorFlow's `event.proto` and `summary.proto` in TFRecord frames: the record's length and its check, the
/// record and its check.
public final class EventFile {
  /// The file.
  public let path: String
  private let handle: FileHandle
  private let now: () -> Date

  /// A new file in a folder, which is made if there is none. Its name is one that TensorBoard looks for.
  /// - Throws: `FileSystemError`.
  public convenience init(folder: String) throws { try self.init(folder: folder, now: Date.init) }

  init(folder: String, now: @escaping () -> Date) throws {
    self.now = now
    let seconds = String(format: "%010.0f", now().timeIntervalSince1970)
    let host = ProcessInfo.processInfo.hostName.replacingOccurrences(of: "/", with: "-")
    let process = ProcessInfo.processInfo.processIdentifier
    try makeFolder(folder)
    // Files of one second and process, as in tests, must not overwrite each other.
    let names = (0..<1000).lazy.map { "events.out.tfevents.\(seconds).\(host).\(process).\($0)" }
    let paths = names.map { (folder as NSString).appendingPathComponent($0) }
    path = paths.first { !FileManager.default.fileExists(atPath: $0) } ?? folder
    let descriptor = open(fileSystemPath(path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileSystemError(code: errno, path: path, access: .write) }
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    try write { $0.add(3, "brain.Event:2") }
  }

  deinit { try? handle.close() }

  /// Says that what other files of the folder hold from a step on is void, because training goes on from there.
  /// - Throws: an error of the file system.
  public func restart(at step: Int) throws {
    try write(step: step) { event in
      var session = ProtobufMessage()
      session.add(1, 1)
      event.add(7, session)
    }
  }

  /// Writes a number.
  /// - Throws: an error of the file system.
  public func add(_ tag: String, _ number: Double, step: Int) throws {
    try add(tag, step: step) { $0.add(2, Float(number)) }
  }

  /// Writes a picture.
  /// - Throws: an error of the file system, or ``PictureError``.
  public func add(_ tag: String, _ picture: Picture, step: Int) throws {
    var image = ProtobufMessage()
    image.add(1, picture.height)
    image.add(2, picture.width)
    image.add(3, picture.channels)
    image.add(4, try picture.pngData())
    try add(tag, step: step) { $0.add(4, image) }
  }

  /// Writes the distribution of numbers.
  /// - Throws: an error of the file system.
  public func add(_ tag: String, _ histogram: Histogram, step: Int) throws {
    var message = ProtobufMessage()
    message.add(1, histogram.least)
    message.add(2, histogram.most)
    message.add(3, Double(histogram.count))
    message.add(4, histogram.sum)
    message.add(5, histogram.sumOfSquares)
    message.add(6, histogram.limits)
    message.add(7, histogram.counts.map(Double.init))
    try add(tag, step: step) { $0.add(5, message) }
  }

  private func add(_ tag: String, step: Int, _ fill: (inout ProtobufMessage) -> Void) throws {
    var value = ProtobufMessage()
    value.add(1, tag)
    fill(&value)
    var summary = ProtobufMessage()
    summary.add(1, value)
    try write(step: step) { $0.add(5, summary) }
  }

  private func write(step: Int = 0, _ fill: (inout ProtobufMessage) -> Void) throws {
    var event = ProtobufMessage()
    event.add(1, now().timeIntervalSince1970)
    event.add(2, step)
    fill(&event)
    try handle.write(contentsOf: EventFile.record(event.bytes))
  }

  /// A TFRecord.
  static func record(_ bytes: Data) -> Data {
    var length = Data()
    length.appendLittleEndian(UInt64(bytes.count))
    var record = length
    record.appendLittleEndian(CRC32C.masked(length))
    record.append(bytes)
    record.appendLittleEndian(CRC32C.masked(bytes))
    return record
  }
}
