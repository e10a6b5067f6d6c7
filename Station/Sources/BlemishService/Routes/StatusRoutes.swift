import Blemish
import Foundation
import HTTPTypes
import Hummingbird

extension Station {
  func addStatusRoutes(_ routes: RouteTable) {
    routes.on(.get, "/health/live", nil) { _, _ in Response(json: ["live": true]) }
    routes.on(.get, "/health/ready", nil) { [self] _, _ in
      Response(json: ["ready": isReady], status: isReady ? .ok : .serviceUnavailable)
    }
    routes.on(.get, "/metrics", .machine) { [self] _, _ in
      Response(text: metricsText(), type: "text/plain; version=0.0.4; charset=utf-8")
    }
    routes.on(.get, "/api/station", .operator) { [self] _, _ in Response(json: stationText()) }
    addSessionRoutes(routes)
  }

  private struct StationText: Encodable {
    var version: String
    var began: String
    var queue: [String: Int]
    var history: HistoryText
    var models: [ModelText]
    var sources: [NamedSource]
    var sinks: [NamedSink]

    struct HistoryText: Encodable {
      var available: Bool
      var error: String?
      var inspections: Int?
      var days: Double?
      var bytes: Int?
    }

    struct NamedSource: Encodable {
      var name: String
      var kind: String
      var model: String
      var state: SourceState
    }

    struct NamedSink: Encodable {
      var name: String
      var kind: String
      var state: Outbox.State
    }
  }

  private func stationText() -> StationText {
    let states = sourceStates.with { $0 }
    let sinks = outbox.status()
    let count = try? history().pool.read { try InspectionQuery().count($0) }
    return StationText(
      version: stationVersion, began: Timestamp.text(began),
      queue: ["depth": queue.depth, "capacity": queue.configuration.capacity],
      history: .init(
        available: historyError == nil, error: historyError, inspections: count, days: configuration.days,
        bytes: configuration.historyBytes),
      models: shelf.status.map { ModelText($0, drift: drift.state(of: $0.name)) },
      sources: configuration.sources.map { source in
        let kind = if case .folder = source.kind { "folder" } else { "camera" }
        return .init(
          name: source.name, kind: kind, model: source.model, state: states[source.name] ?? SourceState())
      },
      sinks: configuration.sinks.map { sink in
        .init(name: sink.name, kind: sink.kind.name, state: sinks[sink.name] ?? Outbox.State())
      })
  }
}

extension SinkConfiguration.Kind {
  /// What it is called.
  var name: String {
    switch self {
    case .webhook: "webhook"
    case .lines: "json_lines"
    case .folder: "folder"
    case .mqtt: "mqtt"
    }
  }
}
