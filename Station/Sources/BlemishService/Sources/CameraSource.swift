import Foundation

/// Takes pictures from a camera, or from anything that ffmpeg can open, through ffmpeg as a child process, which is
/// started again when it ends. While a picture is judged others may come; the newest one is judged next.
struct CameraSource {
  let source: SourceConfiguration
  let input: String
  let options: [String]
  let perSecond: Double
  let receiver: any SourceReceiver

  init(
    _ source: SourceConfiguration, input: String, options: [String], perSecond: Double,
    receiver: any SourceReceiver
  ) {
    (self.source, self.input, self.options) = (source, input, options)
    (self.perSecond, self.receiver) = (perSecond, receiver)
  }

  /// Without a picture for so long, and for two of them at least, ffmpeg is started again.
  private static let silence = 20.0

  /// Takes pictures until the task is cancelled.
  func run() async {
    var pause = 1.0
    while !Task.isCancelled {
      let frames = FrameStream(maximumBytes: receiver.maximumBytes)
      let process = Process()
      let complaints = Pipe()
      do {
        try start(process, frames, complaints)
        let judged = try await judge(frames)
        if judged > 0 { pause = 1 }
        throw Failure(description: "the camera's stream has ended")
      } catch {
        process.kill()
        frames.end()
        if Task.isCancelled { return }
        let words = (try? complaints.fileHandleForReading.readToEnd()).flatMap {
          String(data: $0, encoding: .utf8)
        }
        let last = words?.split(separator: "\n").last.map { hidingSecrets(String($0)) }
        receiver.note(source) { state in
          state.isUp = false
          state.error = last ?? "\(error)"
        }
      }
      try? await Task.sleep(for: .seconds(pause))
      pause = min(pause * 2, 30)
    }
  }

  private struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// ffmpeg tells the address, which may hold a password.
  private func hidingSecrets(_ text: String) -> String {
    text.replacingOccurrences(of: input, with: "camera").replacing(/\/\/[^\/@ ]*@/, with: "//")
  }

  private func start(_ process: Process, _ frames: FrameStream, _ complaints: Pipe) throws {
    let found = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
      .map { (folder: Substring) -> String in folder + "/ffmpeg" }.first { access($0, X_OK) == 0 }
    guard let program = found else { throw Failure(description: "ffmpeg is not installed") }
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments =
      ["-nostdin", "-hide_banner", "-loglevel", "error"] + options
      + [
        "-i", input, "-an", "-vf", "fps=\(perSecond)", "-f", "image2pipe", "-c:v", "mjpeg", "-q:v", "2",
        "pipe:1",
      ]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = complaints
    process.standardInput = FileHandle.nullDevice
    try process.run()
    frames.read(output.fileHandleForReading)
  }

  private func judge(_ frames: FrameStream) async throws -> Int {
    var judged = 0
    let limit = max(Self.silence, 2 / perSecond)
    while let frame = try await frames.next(within: limit) {
      receiver.note(source) { state in
        state.isUp = true
        state.skipped += frame.skipped
      }
      do {
        try await receiver.take(frame.bytes, name: "\(source.name)/\(frame.number)", from: source)
        judged += 1
      } catch let error as CancellationError {
        throw error
      } catch {
        receiver.note(source) { $0.error = "\(error)" }
      }
    }
    return judged
  }
}
