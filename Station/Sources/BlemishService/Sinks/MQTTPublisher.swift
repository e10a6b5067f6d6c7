import CMosquitto
import Foundation

/// Publishes messages with quality of service 1 below a topic: `TOPIC/inspections` has each message, `TOPIC/status` is
/// retained and says `online` or `offline`, the latter by the broker where the station is gone.
final class MQTTPublisher: SinkReceiver {
  private let client: OpaquePointer?
  private let broker: SinkConfiguration.MQTTBroker
  private let acknowledged = Acknowledgements()
  private var begun = false

  /// How long a message may wait for the broker's word.
  private static let patience = 10.0

  private static let library: Void = { _ = mosquitto_lib_init() }()

  init(_ broker: SinkConfiguration.MQTTBroker, station: String) {
    _ = Self.library
    self.broker = broker
    acknowledged.statusTopic = broker.topic + "/status"
    client = mosquitto_new("blemish-\(station)", true, Unmanaged.passUnretained(acknowledged).toOpaque())
    mosquitto_connect_callback_set(client) { client, object, code in
      let state = Unmanaged<Acknowledgements>.fromOpaque(object!).takeUnretainedValue()
      state.connected(code)
      if code == 0 {
        MQTTPublisher.publish(client, state.statusTopic, Array("online".utf8), retain: true, nil)
      }
    }
    mosquitto_disconnect_callback_set(client) { _, object, code in
      Unmanaged<Acknowledgements>.fromOpaque(object!).takeUnretainedValue().connected(code == 0 ? -1 : code)
    }
    mosquitto_publish_callback_set(client) { _, object, message in
      Unmanaged<Acknowledgements>.fromOpaque(object!).takeUnretainedValue().published(message)
    }
  }

  @discardableResult
  private static func publish(
    _ client: OpaquePointer?, _ topic: String, _ bytes: [UInt8], retain: Bool,
    _ number: UnsafeMutablePointer<Int32>?
  ) -> Int32 {
    mosquitto_publish(client, number, topic, Int32(bytes.count), bytes, 1, retain)
  }

  /// Connects where that has not been done; from then on libmosquitto connects again by itself.
  private func begin() throws {
    guard !begun else { return }
    let offline = Array("offline".utf8)
    mosquitto_will_set(client, acknowledged.statusTopic, Int32(offline.count), offline, 1, true)
    if let user = broker.user { mosquitto_username_pw_set(client, user, broker.password) }
    if let authorities = broker.authorities {
      try check(mosquitto_tls_set(client, authorities, nil, nil, nil, nil))
    }
    mosquitto_reconnect_delay_set(client, 1, 30, true)
    try check(mosquitto_connect(client, broker.host, Int32(broker.port), 30))
    try check(mosquitto_loop_start(client))
    begun = true
  }

  private func check(_ code: Int32) throws {
    guard code != Int32(MOSQ_ERR_SUCCESS.rawValue) else { return }
    let reason = code == Int32(MOSQ_ERR_ERRNO.rawValue) ? strerror(errno).map { String(cString: $0) } : nil
    throw SinkError.unreachable(
      "\(broker.host):\(broker.port): \(reason ?? String(cString: mosquitto_strerror(code)))")
  }

  func take(_ message: SinkMessage, key: String) throws {
    try begin()
    var values = try JSONSerialization.jsonObject(with: JSONText.data(message)) as? [String: Any] ?? [:]
    values["key"] = key
    let bytes = [UInt8](try JSONSerialization.data(withJSONObject: values, options: [.sortedKeys]))
    guard acknowledged.waitUntilConnected(Self.patience) else {
      throw SinkError.unreachable("\(broker.host):\(broker.port): not connected")
    }
    var number: Int32 = 0
    try check(Self.publish(client, broker.topic + "/inspections", bytes, retain: false, &number))
    guard acknowledged.wait(for: number, Self.patience) else {
      throw SinkError.unreachable("\(broker.host):\(broker.port): no word of the message")
    }
  }

  func end() {
    if begun {
      var number: Int32 = 0
      if Self.publish(client, acknowledged.statusTopic, Array("offline".utf8), retain: true, &number) == 0 {
        _ = acknowledged.wait(for: number, 2)
      }
      mosquitto_disconnect(client)
      mosquitto_loop_stop(client, false)
    }
    mosquitto_destroy(client)
  }
}

/// What libmosquitto's thread tells.
private final class Acknowledgements: @unchecked Sendable {
  var statusTopic = ""
  private let condition = NSCondition()
  private var code: Int32 = -1
  private var numbers: Set<Int32> = []

  func connected(_ code: Int32) {
    condition.withLock {
      self.code = code
      condition.broadcast()
    }
  }

  func published(_ number: Int32) {
    condition.withLock {
      numbers.insert(number)
      // Those that nobody waits for.
      if numbers.count > 1_000 { numbers = [number] }
      condition.broadcast()
    }
  }

  func waitUntilConnected(_ seconds: Double) -> Bool { wait(seconds) { code == 0 } }

  func wait(for number: Int32, _ seconds: Double) -> Bool { wait(seconds) { numbers.remove(number) != nil } }

  private func wait(_ seconds: Double, _ holds: () -> Bool) -> Bool {
    let until = Date(timeIntervalSinceNow: seconds)
    return condition.withLock {
      while !holds() {
        guard condition.wait(until: until) else { return holds() }
      }
      return true
    }
  }
}
