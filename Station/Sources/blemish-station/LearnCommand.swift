import ArgumentParser
import BlemishService
import Foundation

/// The process of a job, which a station starts.
struct Learn: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Does a job of the station.", shouldDisplay: false)

  @Argument(help: "The job's task.")
  var task: String

  func run() throws {
    func tell(_ progress: LearningTask.Progress) {
      guard let data = try? JSONEncoder().encode(progress) else { return }
      print(String(decoding: data, as: UTF8.self))
      fflush(nil)
    }
    do {
      let data = try Data(contentsOf: URL(fileURLWithPath: task))
      try JSONDecoder().decode(LearningTask.self, from: data).run(tell)
    } catch {
      tell(LearningTask.Progress(error: "\(error)"))
      throw ExitCode(1)
    }
  }
}
