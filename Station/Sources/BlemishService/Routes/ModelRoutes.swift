import Blemish
import Foundation
import HTTPTypes
import Hummingbird

/// What is told of a model.
struct ModelText: Encodable {
  var name: String
  var state: String
  var error: String?
  var version: String?
  var hash: String?
  var loaded: String?
  var lastUsed: String?
  var detector: String?
  var backbone: String?
  var height: Int?
  var width: Int?
  var falseAlarms: Double?
  var calibratedOn: Int?
  var drift: DriftText?

  struct DriftText: Encodable {
    var pictures: Int
    var logMartingale: Double
    var pValue: Double

    enum CodingKeys: String, CodingKey {
      case pictures
      case logMartingale = "log10_martingale"
      case pValue = "p_value"
    }
  }

  enum CodingKeys: String, CodingKey {
    case name, state, error, version, hash, loaded, detector, backbone, height, width, drift
    case lastUsed = "last_used"
    case falseAlarms = "false_alarms"
    case calibratedOn = "calibrated_on"
  }

  init(_ status: ModelShelf.Status, drift: Drift.State?) {
    name = status.name
    state = status.served != nil ? "ready" : status.error != nil ? "failed" : "waiting"
    error = status.error
    lastUsed = status.lastUsed.map(Timestamp.text)
    self.drift = drift.map {
      DriftText(pictures: $0.count, logMartingale: $0.logMartingale, pValue: $0.pValue)
    }
    guard let served = status.served else { return }
    let configuration = served.model.configuration
    version = served.version
    hash = served.hash
    loaded = Timestamp.text(served.loaded)
    detector = configuration.detector
    backbone = configuration.backbone
    (height, width) = (configuration.height, configuration.width)
    falseAlarms = served.falseAlarms
    calibratedOn = configuration.background?.test.pictures
  }
}

extension Station {
  /// Whether there is a model to judge with, and the station goes on.
  var isReady: Bool { !ending && shelf.status.contains { $0.served != nil || $0.error == nil } }

  func addModelRoutes(_ routes: RouteTable) {
    routes.on(.get, "/api/models", .machine) { [self] _, _ in
      Response(json: ["models": shelf.status.map { ModelText($0, drift: drift.state(of: $0.name)) }])
    }
    routes.on(.get, "/api/models/{name}", .machine) { [self] _, context in
      let name = try context.parameters.require("name")
      _ = try? await shelf.model(named: name)
      guard let status = shelf.status(of: name) else { throw ModelShelfError.unknown(name: name) }
      return Response(json: ModelText(status, drift: drift.state(of: name)))
    }
    routes.on(.get, "/api/models/{name}/promise", .operator) { [self] request, context in
      let served = try await shelf.model(named: try context.parameters.require("name"))
      let falseAlarms = try request.positive("false_alarms") ?? served.falseAlarms
      return Response(json: try await history().promise(of: served, falseAlarms: falseAlarms))
    }
    routes.on(.get, "/api/models/{name}/distribution", .operator) { [self] _, context in
      let served = try await shelf.model(named: try context.parameters.require("name"))
      return Response(json: try await history().distribution(of: served))
    }
  }
}
