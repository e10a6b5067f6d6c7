import ArgumentParser
import BlemishCore
import BlemishEvaluation
import BlemishScoring
import BlemishSupport
import Foundation

struct Merge: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Puts the results of a manifest's shards together, and says what is missing or double.",
    discussion: """
      FOLDER holds what 'blemish predict --manifest' wrote. It gets table.csv with a line for every picture, report.html,
      and, where there is something to say, missing.txt and double.txt with ids.

      The exit status is 0 where every picture's result is there once, else 1. Of parts that are missing the same
      'blemish predict' computes the rest; damaged ones must be removed before.

      The parts themselves are read by whatever reads JSON lines:
        DuckDB:  SELECT verdict, count(*) FROM read_json_auto('FOLDER/*.jsonl', union_by_name = true) GROUP BY verdict;
        Spark:   spark.read.json("FOLDER/*.jsonl").write.parquet("FOLDER.parquet")
      """)

  @Argument(help: "The folder of the parts.")
  var folder: String

  @Option(help: "Where the manifest is now; without, where it was.")
  var manifest: String?

  @Flag(help: "Prints the numbers as one JSON object.")
  var json = false

  @OptionGroup var force: ForceOption

  func validate() throws {
    guard FileStatus(folder)?.kind == .folder else {
      throw ValidationError("\(printable(folder)) is no folder")
    }
  }

  func run() throws {
    let merge = try ScoringMerge(folder: folder, manifest: manifest)
    let table = force.replacement(
      .text("a table", beginningWith: [FindingCSV.heading, "id," + FindingCSV.heading]))
    var summary = ScoringSummary()
    var (missing, double): ([String], [String]) = ([], [])
    try AtomicFile.writeText(to: "\(folder)/table.csv", replacing: table) { write in
      try write("id," + FindingCSV.heading + "\n")
      summary = try merge.forEach { line in
        let text =
          switch line {
          case .finding(let finding): FindingCSV.line(finding)
          case .failure(_, let path, let error): FindingCSV.line(path: path, error: error)
          }
        try write(csvField(line.id) + "," + text + "\n")
      } missing: {
        missing.append($0)
      } double: {
        double.append($0)
      }
    }
    try writeList(missing, "missing.txt")
    try writeList(double, "double.txt")
    try HTMLReport.write(
      ScoringReport.content(summary, merge.run), to: "\(folder)/report.html",
      replacing: force.replacement(.report))
    if json { print(try stableJSON(summary)) } else { show(summary) }
    if !summary.isWhole { throw ExitCode(1) }
  }

  /// Writes ids, a line each; without any, the list of an earlier time goes.
  private func writeList(_ ids: [String], _ name: String) throws {
    let path = "\(folder)/\(name)"
    guard !ids.isEmpty else {
      unlink(path)
      return
    }
    try writeText(ids.map { printable($0) + "\n" }.joined(), to: path)
  }

  private func show(_ summary: ScoringSummary) {
    print(
      "\(summary.judged + summary.failures) pictures: "
        + Verdict.allCases.map { "\(summary.count($0)) \($0.rawValue)" }.joined(separator: ", ")
        + ", \(summary.failures) unreadable")
    for (count, what) in [
      (summary.missingPictures, "pictures are missing, of \(summary.missingParts.count) parts (missing.txt)"),
      (summary.doublePictures, "rows of the manifest have an id that another one has (double.txt)"),
    ] where count > 0 {
      print("\(count) \(what)")
    }
    for part in summary.damagedParts { print("\(part): is damaged") }
    for part in summary.foreignParts { print("\(part): is of another run") }
    for model in summary.models where model.hashes.count > 1 {
      print("\(printable(model.model)): \(model.hashes.count) different models of this name have judged")
    }
    print("\(folder)/table.csv, \(folder)/report.html")
  }
}
