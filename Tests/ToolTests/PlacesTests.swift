import Foundation
import Testing

/// Places that cannot be used, and pictures that there is no memory for.
@Suite("Places and sizes") struct PlacesTests {
  let trained: TrainedModel
  let folder: TemporaryFolder

  init() throws {
    trained = try TrainedModel.shared.get()
    folder = try TemporaryFolder()
  }

  @Test(arguments: ["BLEMISH_HOME=/proc/nowhere", "BLEMISH_HOME=/dev/null", "HOME=/nowhere"])
  func aCacheThatCannotBeMadeIsANote(_ setting: String) throws {
    let run = try Tool(
      ["train", trained.data, "--output", folder / "model", "--epochs", "1"] + TrainedModel.small,
      launcher: ["/usr/bin/env", "-u", "BLEMISH_HOME", "-u", "XDG_CACHE_HOME", setting]
    ).wait()
    #expect(run.status == 0, "\(run.errors)")
    #expect(
      setting.hasPrefix("HOME") || run.errors.contains("note: features are not kept on disk"), "\(run.errors)"
    )
  }

  @Test func aFolderOfFoldersSaysWhereThePicturesAre() throws {
    for part in ["left", "right"] {
      _ = try folder.folder("parts/\(part)")
      for index in 0..<3 {
        try FileManager.default.copyItem(
          atPath: trained.data + "/train/good/00\(index).png", toPath: folder / "parts/\(part)/\(index).png")
      }
    }
    let run = try Tool.run("train", folder / "parts", "--output", folder / "model")
    #expect(run.status == 1 && run.errors.contains("one level down"), "\(run.errors)")
    #expect(try Tool.run("predict", trained.model, folder / "parts").status == 0)
  }

  @Test func aPictureBeyondTheLimitIsItsOwnError() throws {
    let damaged = try DamagedPictures(into: try folder.folder("damaged"))
    _ = damaged
    let run = try Tool.run(
      "predict", trained.model, folder / "damaged/vast.png", trained.goodPicture, "--max-pixels", "4096")
    #expect(run.status == 1 && run.errors.contains("vast.png") && run.lines.count >= 1, "\(run.errors)")
    let small = try Tool.run("predict", trained.model, trained.goodPicture, "--max-pixels", "4095")
    #expect(small.status == 1 && small.errors.contains("--max-pixels"), "\(small.errors)")
    let training = try Tool(
      ["train", trained.data, "--output", folder / "model", "--max-pixels", "4095", "--cache-limit", "0"]
        + TrainedModel.small
    ).wait()
    #expect(training.status == 1 && training.errors.contains("--max-pixels"), "\(training.errors)")
    #expect(try Tool.run("predict", trained.model, trained.goodPicture, "--max-pixels", "0").status == 2)
  }

  /// The most memory that a run held, in KiB.
  private func peak(pictures: Int) throws -> Int {
    let place = try folder.folder("many-\(pictures)")
    for index in 0..<pictures {
      try FileManager.default.linkItem(atPath: trained.goodPicture, toPath: "\(place)/\(index).png")
    }
    let run = try Tool(
      ["predict", trained.model, place, "--json"],
      launcher: [
        "/usr/bin/python3", "-c",
        """
        import resource, subprocess, sys
        status = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
        sys.exit(status)
        """,
      ]
    ).wait()
    #expect(run.status == 0, "\(run.errors)")
    return try #require(Int(run.lines.last ?? ""))
  }

  @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")))
  func manyPicturesTakeNoMoreMemoryThanSome() throws {
    let some = try peak(pictures: 100)
    let many = try peak(pictures: 400)
    // Their paths and nothing else: one kept map of 256 x 256 a picture would be 75 MB.
    #expect(many - some < 12_000, "\(some) KiB for 100, \(many) KiB for 400")
  }
}
