import Foundation

/// Why a sink has not taken a message.
enum SinkError: Error, CustomStringConvertible {
  /// The sink cannot be reached at all.
  case unreachable(String)
  /// The sink was reached, and does not want this message.
  case refused(String)

  var description: String {
    switch self {
    case .unreachable(let reason), .refused(let reason): reason
    }
  }
}

/// One that takes messages, on one thread.
protocol SinkReceiver {
  /// Takes a message; it has it when this returns.
  /// - Parameter key: tells messages apart; the same message may come again under the same key.
  /// - Throws: ``SinkError``.
  func take(_ message: SinkMessage, key: String) throws
  /// Nothing more comes.
  func end()
}

extension SinkReceiver {
  func end() {}
}

extension SinkConfiguration {
  /// The receiver at the place.
  func receiver(station: String, pictures: PictureFolder) -> any SinkReceiver {
    switch kind {
    case .webhook(let url, let secret): Webhook(url: url, secret: secret)
    case .lines(let path): LinesFile(path: path)
    case .folder(let path): CopyFolder(path: path, pictures: pictures)
    case .mqtt(let broker): MQTTPublisher(broker, station: station)
    }
  }
}
