import Foundation
import Logging

/// Why a job cannot begin.
enum JobError: Error, Equatable {
  /// Another one runs.
  case busy
}

/// The jobs of a station. A job is a process of its own, of low priority, so that the station goes on judging whatever
/// becomes of it; one runs at a time.
final class JobList: Sendable {
  private let folder: String
  private let logger: Logger
  private let state = Locked<(jobs: [Job], running: Process?)>(([], nil))

  /// The jobs of a folder. Those that an end of the station interrupted have failed.
  init(folder: String, logger: Logger) {
    self.folder = folder
    self.logger = logger
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    var jobs: [Job] = []
    for name in names {
      guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)/job.json"),
        var job = try? JSONDecoder().decode(Job.self, from: data)
      else { continue }
      if job.state == .running {
        job.state = .failed
        job.error = "the station ended meanwhile"
      }
      jobs.append(job)
    }
    let read = jobs
    state.with { $0.jobs = read }
  }

  /// The jobs, the newest first.
  var jobs: [Job] { state.with { $0.jobs.reversed() } }

  /// The job of a number.
  func job(_ id: Int64) -> Job? { state.with { $0.jobs.first { $0.id == id } } }

  /// Where a job's model lies.
  func output(of id: Int64) -> String { "\(folder)/\(id)/model.blemish" }

  /// Whether a job runs.
  var isBusy: Bool { state.with { $0.running != nil } }

  /// Begins a job.
  /// - Throws: ``JobError/busy`` where another one runs; what is wrong with the folder.
  func begin(_ task: LearningTask, id: Int64, model: String, by name: String) throws -> Job {
    let job = Job(
      id: id, kind: task.kind, model: model, state: .running, by: name, began: Timestamp.text(Date()),
      progress: 0)
    let place = "\(folder)/\(id)"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    try JSONText.data(task).write(to: URL(fileURLWithPath: place + "/task.json"))
    let process = Process()
    let program =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
      ?? CommandLine.arguments[0]
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["nice", "-n", "15", program, "learn", place + "/task.json"]
    process.standardInput = FileHandle.nullDevice
    let output = Pipe()
    let complaints =
      FileManager.default.createFile(atPath: place + "/errors", contents: nil)
      ? FileHandle(forWritingAtPath: place + "/errors") : nil
    process.standardOutput = output
    process.standardError = complaints ?? FileHandle.nullDevice
    try state.with { state in
      guard state.running == nil else { throw JobError.busy }
      try process.run()
      state.running = process
      state.jobs.append(job)
    }
    save(job)
    let handle = output.fileHandleForReading
    let thread = Thread { [self] in follow(id, process, handle) }
    thread.name = "blemish.job"
    thread.start()
    return job
  }

  /// Ends a job that runs.
  func cancel(_ id: Int64) {
    state.with { state in
      guard let index = state.jobs.firstIndex(where: { $0.id == id }), state.jobs[index].state == .running
      else {
        return
      }
      state.jobs[index].state = .cancelled
      state.running?.kill()
    }
  }

  /// Ends what runs.
  func end() { state.with { $0.running?.kill() } }

  /// Notes that a job's model is in service.
  func installed(_ id: Int64) { change(id) { $0.state = .installed } }

  private func change(_ id: Int64, _ body: (inout Job) -> Void) {
    let changed: Job? = state.with { state in
      guard let index = state.jobs.firstIndex(where: { $0.id == id }) else { return nil }
      body(&state.jobs[index])
      return state.jobs[index]
    }
    if let changed { save(changed) }
  }

  private func save(_ job: Job) {
    let place = URL(fileURLWithPath: "\(folder)/\(job.id)/job.json")
    try? JSONText.data(job).write(to: place, options: .atomic)
  }

  /// Reads what a job tells until it ends.
  private func follow(_ id: Int64, _ process: Process, _ output: FileHandle) {
    var rest: [UInt8] = []
    while true {
      let data = output.availableData
      if data.isEmpty { break }
      rest += data
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        let line = Data(rest[..<end])
        rest.removeSubrange(...end)
        guard let told = try? JSONDecoder().decode(LearningTask.Progress.self, from: line) else { continue }
        change(id) { job in
          job.progress = told.share ?? job.progress
          job.message = told.message ?? job.message
          job.comparison = told.comparison ?? job.comparison
          job.error = told.error ?? job.error
        }
      }
    }
    while process.isRunning { usleep(5_000) }
    let succeeded = process.terminationStatus == 0 && process.terminationReason == .exit
    state.with { $0.running = nil }
    change(id) { job in
      guard job.state == .running else { return }
      job.state = succeeded ? .ready : .failed
      if !succeeded && job.error == nil {
        job.error = "the job's process ended with \(process.terminationStatus)"
      }
    }
    logger.info("job ended", metadata: ["job": "\(id)", "succeeded": "\(succeeded)"])
  }
}
