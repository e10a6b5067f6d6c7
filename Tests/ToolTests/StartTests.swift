import Testing

/// libtorch takes a quarter of a second to load: what computes nothing does not wait for it.
@Suite("The start of the tool") struct StartTests {
  /// What the loader says of the libraries that it loads, for a run of the tool.
  private func libraries(_ arguments: String...) throws -> ToolRun {
    try Tool(arguments, launcher: ["/usr/bin/env", "LD_DEBUG=files"]).wait()
  }

  @Test(arguments: [
    "train", "predict", "evaluate", "compare", "calibrate", "info", "backbones", "import", "export",
    "pretrain",
    "benchmark", "demo",
  ])
  func helpDoesWithoutLibtorch(command: String) throws {
    let run = try libraries(command, "--help")
    #expect(run.status == 0 && run.output.contains("USAGE: blemish \(command)"))
    #expect(!run.errors.contains("libtorch_cpu"))
  }

  @Test func helpVersionAndWrongUsageDoWithoutLibtorch() throws {
    let runs = [
      try libraries("--help"), try libraries("--version"), try libraries("train"),
      try libraries("predict", "--none"), try libraries("info", "/nowhere.blemish"),
    ]
    #expect(runs.map(\.status) == [0, 0, 2, 2, 1])
    #expect(runs.allSatisfy { $0.errors.contains("libswiftCore") && !$0.errors.contains("libtorch_cpu") })
  }

  /// So that the others fail where the loader says nothing of libtorch.
  @Test func whatComputesLoadsIt() throws {
    let trained = try TrainedModel.shared.get()
    let run = try libraries("predict", trained.model, trained.goodPicture)
    #expect(run.status == 0 && run.errors.contains("libtorch_cpu"))
  }
}
