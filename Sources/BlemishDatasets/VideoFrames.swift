import Foundation

/// Extracts the frames of videos with ffmpeg (https://ffmpeg.org), where it is installed.
enum VideoFrames {
  /// The endings of the videos that are looked for, in lower case.
  static let endings: Set<String> = ["avi", "mp4"]

  /// Writes every video's frames, `VIDEO/00001.jpg` and so on, into a folder. Each video's frames appear at once
  /// or, where something fails, not at all.
  /// - Throws: `DatasetError` with ffmpeg's complaint, or with what to do where there is no ffmpeg.
  static func extract(_ videos: Folder, into frames: Folder) throws {
    let missing = videos.files(endingIn: endings).filter { !(frames / stem($0)).exists }
    guard !missing.isEmpty else { return }
    guard let ffmpeg = program("ffmpeg") else {
      throw DatasetError.noVideoProgram(path: videos.path, frames: frames.path)
    }
    for video in missing {
      let unfinished = frames / ".\(stem(video)).unfinished"
      try? FileManager.default.removeItem(atPath: unfinished.path)
      do {
        try FileManager.default.createDirectory(atPath: unfinished.path, withIntermediateDirectories: true)
        try run(ffmpeg, ["-i", videos.file(video), "-qscale:v", "2", unfinished.file("%05d.jpg")])
        guard !unfinished.pictures.isEmpty else { throw Failure(complaint: "there are no frames in it") }
        try FileManager.default.moveItem(atPath: unfinished.path, toPath: frames.file(stem(video)))
      } catch {
        try? FileManager.default.removeItem(atPath: unfinished.path)
        let complaint =
          (error as? Failure)?.complaint ?? "the folder for them, or the program, could not be used"
        throw DatasetError.unusableVideo(path: videos.file(video), frames: frames.path, reason: complaint)
      }
    }
  }

  private struct Failure: Error {
    let complaint: String
  }

  /// The path of a program that can be run by its name.
  private static func program(_ name: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  private static func run(_ program: String, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = ["-nostdin", "-loglevel", "error"] + arguments
    let complaints = Pipe()
    process.standardError = complaints
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    let complaint = try complaints.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let text = String(decoding: complaint.prefix(1000), as: UTF8.self)
      throw Failure(complaint: text.trimmingCharacters(in: .whitespacesAndNewlines))
    }
  }
}
