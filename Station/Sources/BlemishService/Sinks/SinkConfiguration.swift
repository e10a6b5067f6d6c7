import Blemish
import Foundation

/// Where findings go.
public struct SinkConfiguration: Sendable, Equatable {
  /// What kind of place it is.
  public enum Kind: Sendable, Equatable {
    /// An address that findings are posted to; the secret signs them.
    case webhook(url: String, secret: [UInt8]?)
    /// A file with a line of JSON for each finding.
    case lines(path: String)
    /// A folder for the pictures.
    case folder(path: String)
    /// A broker, and the topic below which findings and the station's state are published.
    case mqtt(MQTTBroker)
  }

  /// A broker of MQTT.
  public struct MQTTBroker: Sendable, Equatable {
    /// Where it is.
    public var host: String
    /// Its port.
    public var port: Int
    /// The topic below which everything is published.
    public var topic: String
    /// Who publishes.
    public var user: String?
    /// The user's password.
    public var password: String?
    /// The file of the authorities that are trusted, for TLS.
    public var authorities: String?
  }

  /// Its name.
  public var name: String
  /// The kind.
  public var kind: Kind
  /// Which verdicts go there; all where it is empty.
  public var verdicts: [Verdict]

  init(name: String, _ section: Section) throws {
    self.name = name
    let words = (try section.string("verdicts") ?? "").split(whereSeparator: { ", ".contains($0) })
    verdicts = try words.map { word in
      guard let verdict = Verdict(rawValue: String(word)) else {
        throw Section.Problem("sinks.\(name).verdicts: \(word) is no verdict")
      }
      return verdict
    }
    let webhook = try section.string("webhook")
    let lines = try section.string("json_lines")
    let folder = try section.string("folder")
    let broker = try section.string("mqtt")
    guard [webhook, lines, folder, broker].compactMap({ $0 }).count == 1 else {
      throw Section.Problem("sinks.\(name) must have one of webhook, json_lines, folder, mqtt")
    }
    if let webhook {
      guard let url = URL(string: webhook), ["http", "https"].contains(url.scheme), url.host != nil else {
        throw Section.Problem("sinks.\(name).webhook must be an address with http or https")
      }
      kind = .webhook(
        url: webhook, secret: try Self.secret(section, "secret", sink: name).map { Array($0.utf8) })
    } else if let lines {
      kind = .lines(path: lines)
    } else if let folder {
      kind = .folder(path: folder)
      if words.isEmpty { verdicts = [.anomalous] }
    } else {
      kind = .mqtt(
        MQTTBroker(
          host: broker!, port: try section.whole("port", in: 1...65_535) ?? 1_883,
          topic: try section.string("topic") ?? "blemish", user: try section.string("user"),
          password: try Self.secret(section, "password", sink: name),
          authorities: try section.string("ca_file")))
    }
    try section.finish()
  }

  /// A secret, of the environment or of a file: the configuration itself holds none.
  private static func secret(_ section: Section, _ key: String, sink: String) throws -> String? {
    if let variable = try section.string(key + "_env") {
      guard let value = ProcessInfo.processInfo.environment[variable], !value.isEmpty else {
        throw Section.Problem("sinks.\(sink): the environment has no \(variable)")
      }
      return value
    }
    if let path = try section.string(key + "_file") {
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
        throw Section.Problem("sinks.\(sink): \(path) cannot be read")
      }
      return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
    return nil
  }
}
