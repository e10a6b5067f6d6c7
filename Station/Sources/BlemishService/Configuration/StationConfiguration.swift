import Blemish
import Foundation

/// How a station works: what its YAML file says, and the command line.
public struct StationConfiguration: Sendable {
  /// Where it listens.
  public var host = "127.0.0.1"
  /// At which port; 0 for any that is free.
  public var port = 8080
  /// The folder of models.
  public var models = "."
  /// The station's own folder: history, pictures, tokens.
  public var data = "station"
  /// Whether everybody gets in who can reach it.
  public var open = false
  /// Whether tokens are needed on this machine, too.
  public var needsTokens = false
  /// Files of the certificate chain and of its key, in PEM; nil without TLS.
  public var certificate: (chain: String, key: String)?
  /// How pictures are judged in turn.
  public var queue = JudgingQueue.Configuration()
  /// How many models are in memory at a time.
  public var modelsInMemory = 8
  /// The most bytes of a request's body.
  public var maximumBody = 64 << 20
  /// The most pixels of a picture.
  public var maximumPixels = 100_000_000
  /// How many clients are connected at a time.
  public var maximumConnections = 1_024
  /// For how many seconds a client may take to send a request, and how long an idle connection stays.
  public var requestSeconds = 30.0
  /// How long inspections are kept, in days; nil for ever.
  public var days: Double? = 90
  /// How many bytes pictures and evidence may take; nil for all there are.
  public var historyBytes: Int? = 20_000_000_000
  /// Whether every request is logged.
  public var logsRequests = false
  /// By what a model decides, where not by its own limits.
  public var options: [String: InspectionOptions] = [:]
  /// Where pictures come from.
  public var sources: [SourceConfiguration] = []
  /// Where findings go.
  public var sinks: [SinkConfiguration] = []

  /// The standard way.
  public init() {}

  /// What a file says.
  /// - Throws: ``StationError/configuration(path:reason:)``.
  public init(contentsOf path: String) throws {
    self.init()
    try Section.read(path) { try read($0) }
  }

  private mutating func read(_ file: Section) throws {
    host = try file.string("host") ?? host
    port = try file.whole("port", in: 0...65_535) ?? port
    models = try file.string("models") ?? models
    data = try file.string("data") ?? data
    open = try file.flag("open") ?? open
    needsTokens = try file.flag("tokens") ?? needsTokens
    logsRequests = try file.flag("log_requests") ?? logsRequests
    let tls = try file.section("tls")
    if let chain = try tls.string("certificate") { certificate = (chain, try tls.required("key")) }
    try tls.finish()

    let limits = try file.section("limits")
    queue.capacity = try limits.whole("queue", in: 1...100_000) ?? queue.capacity
    queue.workers = try limits.whole("workers", in: 1...1_024) ?? queue.workers
    queue.batch = try limits.whole("batch", in: 1...256) ?? queue.batch
    if let wait = try limits.number("batch_wait_ms") {
      queue.batchWait = .milliseconds(Int64(min(wait, 60_000)))
    }
    if let deadline = try limits.positive("deadline_s") { queue.deadline = .seconds(min(deadline, 86_400)) }
    modelsInMemory = try limits.whole("models_in_memory", in: 1...1_000) ?? modelsInMemory
    if let megabytes = try limits.positive("body_mb") { maximumBody = Int(min(megabytes, 4_096) * 1_048_576) }
    if let megapixels = try limits.positive("picture_megapixels") {
      maximumPixels = Int(min(megapixels * 1e6, Double(Picture.maximumPixelCount)))
    }
    maximumConnections = try limits.whole("connections", in: 1...100_000) ?? maximumConnections
    requestSeconds = try limits.positive("request_s") ?? requestSeconds
    try limits.finish()

    let history = try file.section("history")
    days = try history.positive("days") ?? days
    if let gigabytes = try history.positive("gigabytes") { historyBytes = Int(min(gigabytes, 1e6) * 1e9) }
    try history.finish()

    for (name, model) in try file.sections("model_options") {
      var chosen = InspectionOptions()
      chosen.falseAlarms = try model.positive("false_alarms")
      chosen.review = try model.positive("review")
      try model.finish()
      options[name] = chosen
    }
    for (name, section) in try file.sections("sources") {
      sources.append(try SourceConfiguration(name: name, section))
    }
    for (name, section) in try file.sections("sinks") {
      sinks.append(try SinkConfiguration(name: name, section))
    }
  }

  /// Whether only this machine can reach the station.
  public var isLoopback: Bool { host == "localhost" || host.hasPrefix("127.") || host == "::1" }
}
