import Foundation

/// Why the station cannot do what it is told.
public enum StationError: Error, Equatable, CustomStringConvertible {
  /// The system gives no random numbers.
  case noRandomness
  /// The folder of models cannot be read.
  case models(folder: String, reason: String)
  /// The folder of the station's own data cannot be used.
  case data(path: String, reason: String)
  /// Another process has the folder of data.
  case dataInUse(path: String)
  /// The database is damaged.
  case database(path: String, reason: String)
  /// The configuration is not one.
  case configuration(path: String, reason: String)
  /// The station would be open to others than this machine without a token.
  case openToAll(host: String)
  /// The place to listen at cannot be had.
  case address(host: String, port: Int, reason: String)
  /// There is no token of the name.
  case noToken(name: String)
  /// There is a token of the name already.
  case tokenExists(name: String)

  /// Why.
  public var description: String {
    switch self {
    case .noRandomness: "the system gives no random numbers"
    case .models(let folder, let reason): "\(folder): the models cannot be read: \(reason)"
    case .data(let path, let reason): "\(path): \(reason)"
    case .dataInUse(let path): "\(path): another station is running on this folder"
    case .database(let path, let reason):
      "\(path): the history cannot be opened: \(reason). Move it away to begin anew, or put a backup in its place "
        + "(docs/how-to/station.md tells how)"
    case .configuration(let path, let reason): "\(path): \(reason)"
    case .openToAll(let host):
      "\(host) can be reached by other machines, and there is no token: make one (token add NAME --role engineer), "
        + "or say --open to let everybody in"
    case .address(let host, let port, let reason): "cannot listen at \(host):\(port): \(reason)"
    case .noToken(let name): "there is no token of the name \(name)"
    case .tokenExists(let name): "there is a token of the name \(name) already"
    }
  }
}
