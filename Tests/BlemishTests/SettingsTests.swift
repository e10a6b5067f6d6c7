import Foundation
import Testing

@testable import Blemish

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

  @Test func areReadFromTheirYAMLFile() throws {
    let settings = try PublishedSettings(yaml: Data(Self.published.utf8))
    #expect(
      settings
        == PublishedSettings(
          backbone: "mcait",
          size: 448,
          flowSteps: 4,
          epochs: 200,
          batch: 13,
          learningRate: 3.163419554150971e-5,
          weightDecay: 1e-5
        )
    )
  }

  @Test func ofACategoryAreThoseOfItsFile() throws {
    #expect(try PublishedSettings.named("carpet") == PublishedSettings(yaml: Data(Self.published.utf8)))
  }

  @Test func whatAFileLeavesOutStaysOpen() throws {
    let settings = try PublishedSettings(yaml: Data("trainer: {epochs: 3}".utf8))
    #expect(settings == PublishedSettings(epochs: 3))
  }

  @Test func unknownNamesAreAnErrorThatListsTheKnown() {
    let error = #expect(throws: ConfigurationError.self) { try PublishedSettings.named("sofa") }
    #expect(error?.description.contains("carpet") == true)
  }

  @Test(arguments: [
    ("trainer: {epochs: 0}", "trainer.epochs"), ("trainer: {epochs: -9223372036854775808}", "trainer.epochs"),
    ("trainer: {epochs: 99999999999999999999}", "trainer.epochs"),
    ("trainer: {epochs: [1]}", "trainer.epochs"),
    ("trainer: {batch_train: x}", "trainer.batch_train"),
    ("trainer: {learning_rate: .nan}", "trainer.learning_rate"),
    ("trainer: {learning_rate: nan}", "trainer.learning_rate"),
    ("trainer: {learning_rate: 1e999}", "trainer.learning_rate"),
    ("trainer: {weight_decay: -1}", "trainer.weight_decay"), ("model: {input_size: 1e3}", "model.input_size"),
    ("model: {backbone: {a: b}}", "model.backbone"), ("model: 7\ntrainer: []", "none of the settings"),
    ("[1, 2]", "no 'model' and 'trainer' sections"), ("", "no 'model' and 'trainer' sections"),
    ("a: &b 1", "'&'"), ("[&b 1, *b]", "'&'"), ("&b x: 1", "'&'"), ("a: [", "not YAML"),
    ("a: *b", "not YAML"), ("a: 1\na: 2", "not YAML"), ("--- a\n--- b", "not YAML"),
  ])
  func entriesThatAreNoneAreAnErrorThatNamesThem(text: String, complaint: String) throws {
    let path = NSTemporaryDirectory() + "/blemish-settings-" + UUID().uuidString
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    let error = #expect(throws: ConfigurationError.self) { try PublishedSettings(contentsOf: path) }
    #expect(error?.description.hasPrefix(path) == true)
    #expect(error?.description.contains(complaint) == true, "\(error.map(\.description) ?? "")")
  }

  @Test func aFileThatIsNotThereIsAnErrorThatNamesIt() {
    for path in ["/nowhere/settings.yaml", "/tmp", "/proc/self/mem"] {
      let error = #expect(throws: ConfigurationError.self) { try PublishedSettings(contentsOf: path) }
      #expect(error?.description.hasPrefix(path) == true)
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
    ] { _ = try? PublishedSettings(yaml: Data(text.utf8)) }
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
      if (try? PublishedSettings(yaml: Data(damage.changed(original, pieces: pieces)))) != nil { read += 1 }
    }
    // The damage is neither so mild nor so harsh that only one way through the reader is tried.
    #expect((400...3600).contains(read), "\(read)")
  }
}

/// Random damage that is the same in every run.
struct Damage {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// A number from 0 to `bound` - 1.
  mutating func below(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % max(bound, 1)
  }

  /// The bytes with one to four changes: bytes replaced, removed, repeated, cut off, or pieces put in.
  mutating func changed(_ bytes: [UInt8], pieces: [[UInt8]]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...below(4) {
      let position = below(bytes.count)
      let length = min(1 + below(8), bytes.count - position)
      switch below(7) {
      case 0 where position < bytes.count: bytes[position] = UInt8(below(256))
      case 1 where position < bytes.count: bytes[position] ^= 1 << UInt8(below(8))
      case 2: bytes.removeSubrange(position..<position + length)
      case 3: bytes.insert(contentsOf: Array(bytes[position..<position + length]), at: position)
      case 4 where below(10) == 0: bytes.removeSubrange(position...)
      default: bytes.insert(contentsOf: pieces[below(pieces.count)], at: position)
      }
    }
    return bytes
  }
}
