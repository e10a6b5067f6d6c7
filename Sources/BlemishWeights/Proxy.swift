import Foundation

/// A server through which requests go.
struct Proxy {
  enum Kind: String {
    case http
    /// The proxy looks up the names of hosts.
    case socks = "socks5h"
  }

  let kind: Kind
  let host: String
  let port: Int
  var user: String?
  var password: String?

  var address: String { "\(kind.rawValue)://\(host.contains(":") ? "[\(host)]" : host):\(port)" }
}

/// The proxy that an environment names for an address in `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY`, in upper or
/// lower case, unless `NO_PROXY` excepts the host.
/// - Throws: ``WeightsError`` where the variable's value is not an address.
func proxy(for address: String, environment: [String: String]) throws -> Proxy? {
  guard let url = URLComponents(string: address), let scheme = url.scheme, let host = url.host else {
    return nil
  }
  func value(_ name: String) -> String? {
    [environment[name.lowercased()], environment[name]].lazy.compactMap { $0 }.first { !$0.isEmpty }
  }
  let port = url.port ?? (scheme == "https" ? 443 : 80)
  let exceptions = (value("NO_PROXY") ?? "").split(separator: ",")
    .map { $0.trimmingCharacters(in: .whitespaces) }
  guard !exceptions.contains(where: { covers($0, host: host, port: port) }),
    let text = value("\(scheme.uppercased())_PROXY") ?? value("ALL_PROXY")
  else { return nil }
  let proxy = URLComponents(string: text.contains("://") ? text : "http://\(text)")
  guard let proxy, let proxyHost = proxy.host?.trimmingCharacters(in: ["[", "]"]), !proxyHost.isEmpty else {
    throw WeightsError.address(variable: "proxy", text: text, expected: "http://HOST:PORT")
  }
  let kind: Proxy.Kind
  switch proxy.scheme {
  case "http": kind = .http
  case "socks5", "socks5h", "socks": kind = .socks
  default:
    throw WeightsError.address(variable: "proxy", text: text, expected: "http:// or socks5://")
  }
  return Proxy(
    kind: kind,
    host: proxyHost,
    port: proxy.port ?? (kind == .http ? 80 : 1080),
    user: proxy.user,
    password: proxy.user.map { _ in proxy.password ?? "" }
  )
}

/// Whether an entry of `NO_PROXY` (`example.org`, `.example.org`, `example.org:8080`, `*`) names a host or the
/// domain above it.
private func covers(_ entry: String, host: String, port: Int) -> Bool {
  if entry == "*" { return true }
  let parts = entry.lowercased().split(separator: ":", maxSplits: 1)
  guard var name = parts.first, parts.count == 1 || Int(parts[1]) == port else { return false }
  while let first = name.first, "*.".contains(first) { name = name.dropFirst() }
  return !name.isEmpty && (host.lowercased() == name || host.lowercased().hasSuffix(".\(name)"))
}
