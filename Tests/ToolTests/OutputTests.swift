import BlemishTorch
import Foundation
import Testing

/// What an output may take the place of.
@Suite("An output") struct OutputTests {
  let trained: TrainedModel
  let folder: TemporaryFolder

  init() throws {
    trained = try TrainedModel.shared.get()
    folder = try TemporaryFolder()
  }

  /// Commands that write, each with the file that it would write as `OUT` and what lies there of somebody else's.
  static let foreign: [(file: String, content: String, arguments: [String])] = [
    ("notes.txt", "Dear Sir or Madam,\n", ["train", "DATA", "--output", "OUT"]),
    ("notes.txt", "Dear Sir or Madam,\n", ["calibrate", "MODEL", "GOOD", "--output", "OUT"]),
    ("flow.pth", "PK somebody's checkpoint", ["export", "MODEL", "--output", "OUT"]),
    ("flow.safetensors", "somebody's tensors", ["export", "MODEL", "--output", "OUT"]),
    ("notes.txt", "Dear Sir or Madam,\n", ["import", "CHECKPOINT", "--output", "OUT"]),
    ("report/report.html", "<html>our figures</html>", ["evaluate", "MODEL", "DATA", "--report", "FOLDER"]),
    ("results/PLACE_heat.png", "somebody's picture", ["predict", "MODEL", "PICTURE", "--output", "RESULTS"]),
    ("compared/comparison.csv", "a,b\n1,2\n", ["compare", "DATA", "--output", "FOLDER"]),
    ("compared/comparison.json", "{}\n", ["compare", "DATA", "--output", "FOLDER"]),
    ("demo/report.html", "<html>our figures</html>", ["demo", "FOLDER"]),
    ("demo/pictures/cloth/train/good/000.png", "somebody's picture", ["demo", "DEMO"]),
    ("weights.safetensors", "somebody's weights", ["pretrain", "--output", "OUT"]),
    ("weights.json", "{}", ["pretrain", "--output", "WEIGHTS"]),
  ]

  private func filledIn(_ arguments: [String], _ file: String) throws -> [String] {
    try arguments.map { argument in
      switch argument {
      case "DATA": trained.data
      case "GOOD": trained.data + "/train/good"
      case "MODEL": trained.model
      case "PICTURE": trained.goodPicture
      case "OUT": folder / file
      case "RESULTS": folder / "results"
      case "FOLDER": (folder / file as NSString).deletingLastPathComponent
      case "DEMO": folder / "demo"
      case "WEIGHTS": folder / "weights.safetensors"
      case "CHECKPOINT": try checkpoint()
      default: argument
      }
    }
  }

  /// The results of the good picture lie at the place that its path names.
  private func placed(_ file: String) -> String {
    let place = trained.goodPicture.split(separator: "/").joined(separator: "/").dropLast(".png".count)
    return file.replacingOccurrences(of: "PLACE", with: place)
  }

  private func checkpoint() throws -> String {
    let run = try Tool.run("export", trained.model, "--output", folder / "exported.pth")
    try #require(run.status == 0, "\(run.errors)")
    return folder / "exported.pth"
  }

  private func made(_ file: String, _ content: String) throws -> String {
    _ = try folder.folder((file as NSString).deletingLastPathComponent)
    return try folder.file(file, Data(content.utf8))
  }

  @Test(arguments: foreign.indices) func leavesAFileOfSomebodyElses(_ index: Int) throws {
    let (name, content, arguments) = Self.foreign[index]
    let file = placed(name)
    let path = try made(file, content)
    let run = try Tool(filledIn(arguments, file)).wait()
    #expect(run.status == 1 && run.errors.contains("--force"), "\(arguments): \(run.errors)")
    #expect(run.errors.contains(file.hasPrefix("demo/pictures") ? "demo/pictures" : file), "\(run.errors)")
    #expect(try String(contentsOfFile: path, encoding: .utf8) == content)
  }

  @Test func leavesAPictureThatIsTrainedOn() throws {
    try FileManager.default.copyItem(atPath: trained.data, toPath: folder / "data")
    let picture = folder / "data/train/good/000.png"
    let run = try Tool.run("train", folder / "data", "--output", picture)
    #expect(run.status == 1 && run.errors.contains(picture), "\(run.errors)")
    #expect(FileManager.default.contentsEqual(atPath: picture, andPath: trained.data + "/train/good/000.png"))
  }

  @Test(arguments: [1, 2, 3, 5, 6]) func replacesItWhereThatIsForced(_ index: Int) throws {
    let (name, content, arguments) = Self.foreign[index]
    let file = placed(name)
    let path = try made(file, content)
    let run = try Tool(filledIn(arguments, file) + ["--force"]).wait()
    #expect(run.status == 0, "\(run.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) != Data(content.utf8))
  }

  @Test(arguments: [1, 2, 3, 5, 6]) func replacesWhatItWroteItself(_ index: Int) throws {
    let (name, _, arguments) = Self.foreign[index]
    let file = placed(name)
    _ = try folder.folder((file as NSString).deletingLastPathComponent)
    for _ in 0..<2 {
      let run = try Tool(filledIn(arguments, file)).wait()
      #expect(run.status == 0, "\(run.errors)")
    }
  }

  @Test func toNowhereIsARunWhoseResultIsNotKept() throws {
    let runs = [
      ["train", trained.data, "--output", "/dev/null", "--epochs", "1"] + TrainedModel.small,
      ["calibrate", trained.model, trained.data + "/train/good", "--output", "/dev/null"],
      ["import", try checkpoint(), "--output", "/dev/null"],
    ]
    for arguments in runs {
      let run = try Tool(arguments).wait()
      #expect(run.status == 0, "\(run.errors)")
    }
    let type = try FileManager.default.attributesOfItem(atPath: "/dev/null")[.type] as? FileAttributeType
    #expect(type == .typeCharacterSpecial)
  }

  @Test(arguments: [[], ["--force"]]) func neverReplacesADeviceOrAPipe(_ options: [String]) throws {
    let pipe = folder / "pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    for place in [pipe, "/dev/full"] {
      let run = try Tool(
        ["calibrate", trained.model, trained.data + "/train/good", "--output", place] + options
      ).wait()
      #expect(run.status == 1 && run.errors.contains(place), "\(run.errors)")
    }
    var status = stat()
    #expect(stat(pipe, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
    #expect(stat("/dev/full", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
  }

  @Test func goesWhereADanglingLinkLeads() throws {
    _ = try folder.folder("store")
    try FileManager.default.createSymbolicLink(
      atPath: folder / "link", withDestinationPath: "store/model.blemish")
    let run = try Tool.run(
      "calibrate", trained.model, trained.data + "/train/good", "--output", folder / "link")
    #expect(run.status == 0, "\(run.errors)")
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: folder / "link") == "store/model.blemish")
    #expect(FileManager.default.fileExists(atPath: folder / "store/model.blemish"))
  }

  /// Outputs that are no place, and whether that is wrong usage.
  static let nowhere: [(arguments: [String], status: Int32)] = [
    (["train", "DATA", "--output", "-"], 2), (["export", "MODEL", "--output", "-"], 2),
    (["predict", "MODEL", "PICTURE", "--output", "-"], 2), (["export", "MODEL", "--output", "/dev/null"], 2),
    (["train", "DATA", "--output", ""], 1), (["predict", "MODEL", "PICTURE", "--output", ""], 2),
    (["evaluate", "MODEL", "DATA", "--report", ""], 2),
  ]

  @Test(arguments: nowhere.indices) func thatIsNoPlaceIsSaidToBeNone(_ index: Int) throws {
    let (arguments, status) = Self.nowhere[index]
    let run = try Tool(filledIn(arguments, "x")).wait()
    #expect(run.status == status, "\(run.errors)")
    #expect(
      run.errors.contains("--output") || run.errors.contains("empty") || run.errors.contains("--report"))
  }

  @Test func sweepsWhatKilledRunsLeft() throws {
    let left = try folder.file(".blemish-999999-abcdef.part", Data("half a model".utf8))
    let run = try Tool.run(
      "calibrate", trained.model, trained.data + "/train/good", "--output", folder / "model")
    #expect(run.status == 0, "\(run.errors)")
    #expect(!FileManager.default.fileExists(atPath: left))
    #expect(folder.contents == ["model"])
  }
}
