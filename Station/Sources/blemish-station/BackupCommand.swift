import ArgumentParser
import BlemishService

struct Backup: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Copies history, pictures and tokens while the station runs.",
    discussion: "To restore, start the station with --data COPY, or put the copy in the place of its folder.")

  @Argument(help: "A folder that is not there yet.")
  var copy: String

  @OptionGroup var folder: DataOption

  func run() throws { try HistoryBackup.copy(folder.data, to: copy) }
}
