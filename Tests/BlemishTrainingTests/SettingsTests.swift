import BlemishSupport
import BlemishSynthesis
import BlemishCore
import Foundation
import TestSupport
import Testing

@testable import BlemishDetectors
@testable import BlemishTraining

@Suite("Published settings") struct SettingsTests {
  /// The layout of the published files.
  static let published = """
    dataset:
      category: R&D & carpet  # not an anchor
    model:
      input_size: 448
      flow_steps: 4
      backbone: mcait
    trainer:
      epochs: 200
      batch_train: 13
      learning_rate: 3.163419554150971e-05
      weight_decay: 1.0e-05
      extras: [1, {a: "b"}, x]
    """

  /// What U-Flow makes of a text.
  private static func settings(_ yaml: String) throws -> PublishedSettings {
    try UFlow.settings(in: SettingsFile(yaml: Data(yaml.utf8)))
  }

  @Test func areReadFromTheirYAMLFile() throws {
    #expect(
      try Self.settings(Self.published)
        == PublishedSettings(
          backbone: "mcait", size: 448, configuration: UFlow.json(of: UFlow.Configuration(flowSteps: 4)),
          epochs: 200,
          batch: 13, learningRate: 3.163419554150971e-5, weightDecay: 1e-5))
  }

  @Test func ofACategoryAreThoseOfItsFile() throws {
    #expect(try DetectorCatalogue.standard.settings("carpet", of: "uflow") == Self.settings(Self.published))
  }

  @Test func whatAFileLeavesOutStaysOpen() throws {
    let settings = try Self.settings("trainer: {epochs: 3}")
    #expect(settings == PublishedSettings(epochs: 3))
  }

  @Test func unknownNamesAreAnErrorThatListsTheKnown() {
    #expect(throws: SettingsError.unknown(name: "sofa", known: UFlow.settingNames)) {
      try DetectorCatalogue.standard.settings("sofa", of: "uflow")
    }
    #expect(UFlow.settingNames.contains("carpet"))
    #expect(throws: SettingsError.unknown(name: "carpet", known: ["transistor"])) {
      try DetectorCatalogue.standard.settings("carpet", of: "msflow")
    }
  }

  @Test(arguments: [
    ("trainer: {epochs: 0}", "trainer", "epochs"),
    ("trainer: {epochs: -9223372036854775808}", "trainer", "epochs"),
    ("trainer: {epochs: 99999999999999999999}", "trainer", "epochs"),
    ("trainer: {epochs: [1]}", "trainer", "epochs"), ("trainer: {batch_train: x}", "trainer", "batch_train"),
    ("trainer: {learning_rate: .nan}", "trainer", "learning_rate"),
    ("trainer: {learning_rate: nan}", "trainer", "learning_rate"),
    ("trainer: {learning_rate: 1e999}", "trainer", "learning_rate"),
    ("trainer: {weight_decay: -1}", "trainer", "weight_decay"),
    ("model: {input_size: 1e3}", "model", "input_size"),
    ("model: {backbone: {a: b}}", "model", "backbone"),
  ])
  func entriesThatAreNoneAreAnErrorThatNamesThem(text: String, section: String, key: String) throws {
    try withFile(text) { path in
      let error = #expect(throws: SettingsError.self) {
        try DetectorCatalogue.standard.settings(path, of: "uflow")
      }
      guard case .file(path, .value(section, key, _))? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test(arguments: ["model: 7\ntrainer: []", "a: 1", "{}"]) func aFileThatSaysNothingIsAnErrorThatNamesIt(
    _ text: String
  ) throws {
    try withFile(text) { path in
      let error = #expect(throws: SettingsError.self) {
        try DetectorCatalogue.standard.settings(path, of: "uflow")
      }
      guard case .file(path, .empty)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test(arguments: [
    ("[1, 2]", "has no sections"), ("", "has no sections"), ("a: &b 1", "'&'"), ("[&b 1, *b]", "'&'"),
    ("&b x: 1", "'&'"), ("a: [", "is not YAML"), ("a: *b", "is not YAML"), ("a: 1\na: 2", "is not YAML"),
    ("--- a\n--- b", "is not YAML"),
  ])
  func textsThatAreNoneAreAnErrorThatNamesTheFile(text: String, complaint: String) throws {
    try withFile(text) { path in
      let error = #expect(throws: SettingsError.self) {
        try DetectorCatalogue.standard.settings(path, of: "uflow")
      }
      guard case .file(path, .syntax(let problem))? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(problem.contains(complaint))
    }
  }

  private func withFile(_ text: String, _ body: (String) throws -> Void) throws {
    try withFolder { folder in
      try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/settings.yaml"))
      try body(folder + "/settings.yaml")
    }
  }

  @Test func aDetectorWithoutSuchFilesSaysSo() throws {
    try withFile(Self.published) { path in
      #expect(throws: SettingsError.file(path: path, SettingsError.none(detector: "msflow"))) {
        try DetectorCatalogue.standard.settings(path, of: "msflow")
      }
    }
  }

  @Test func aFileThatIsNotThereIsAnErrorThatNamesIt() {
    for path in ["/nowhere/settings.yaml", "/tmp", "/proc/self/mem"] {
      #expect(throws: SettingsError.file(path: path, nil)) { try SettingsFile(yamlContentsOf: path) }
    }
  }

  /// Values nested as deep as a file's length allows, and aliases that stand for a billion values.
  @Test(.timeLimit(.minutes(1))) func nestingAndAliasesAreReadOrRefusedQuickly() {
    let limit = SafeYAML.longestFile
    var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1...12 {
      bomb +=
        "a\(level): &a\(level) [" + [String](repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
        + "]\n"
    }
    for text in [
      String(repeating: "[", count: limit), String(repeating: "{a: ", count: limit / 4),
      String(repeating: "[", count: limit / 2) + String(repeating: "]", count: limit / 2),
      String(repeating: "- ", count: limit / 2), String(repeating: "? ", count: limit / 2),
      String(repeating: "a:\n", count: limit / 3), bomb + "model: *a12\n", bomb + "? *a12\n: 1\n",
      bomb + "model: {? *a12 : 1, ? *a11 : 2}\n", "a: &a [*a]", "&a {model: *a}",
      "<<: {model: {<<: {epochs: 1}}}",
    ] { _ = try? Self.settings(text) }
  }

  /// Damage to every part of a file: whatever comes is read or refused.
  @Test func thousandsOfDamagedFilesAreReadOrRefused() {
    let original = [UInt8](Self.published.utf8)
    let pieces = [
      "&a", "*a", "!!int", "!!binary", "- ", "? ", ": ", "{", "}", "[", "]", "|\n", ">\n", "---\n",
      "%YAML 9.9\n",
      "\"", "'", "#", "<<: *data", "\u{FEFF}", "\t", "\r", "\0", "99999999999999999999", "-1", "nan", "1e999",
      "~", "\u{85}",
    ]
    .map { Array($0.utf8) }
    var damage = Damage(seed: 1)
    var read = 0
    for _ in 0..<4000 {
      let changed = Data(damage.changed(original, pieces: pieces))
      if (try? UFlow.settings(in: SettingsFile(yaml: changed))) != nil { read += 1 }
    }
    // The damage is neither so mild nor so harsh that only one way through the reader is tried.
    #expect((400...3600).contains(read), "\(read)")
  }
}
