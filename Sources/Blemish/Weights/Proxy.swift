import AsyncHTTPClient
import Backbones
import Foundation

/// The proxy that an environment names for an address in `HTTPS_PROXY`, `HTTP_PROXY` or `ALL_PROXY`, in upper or
/// lower case, unless `NO_PROXY` excepts the host.
/// - Throws: ``BackboneError`` where the variable's value is not an address.
func proxy(for address: String, environment: [String: String]) throws -> HTTPClient.Configuration.Proxy? {
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
    throw BackboneError(
      "The proxy '\(text)' in the environment is not an address; http://HOST:PORT is expected."
    )
  }
  switch proxy.scheme {
  case "http":
    return .server(
      host: proxyHost,
      port: proxy.port ?? 80,
      authorization: proxy.user.map { .basic(username: $0, password: proxy.password ?? "") }
    )
  case "socks5", "socks5h", "socks":
    return .socksServer(host: proxyHost, port: proxy.port ?? 1080)
  default:
    throw BackboneError(
      "The proxy '\(text)' in the environment is of an unknown kind; http and socks5 are known."
    )
  }
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
