import Foundation

/// A Python package index (https://packaging.python.org/specifications/simple-repository-api): the address below which
/// it has a page for every package.
struct PackageIndex: Sendable {
  /// The address, without credentials.
  let address: String
  /// The header that says who asks; nil where the address had no credentials.
  let authorization: String?

  static let standardAddress = "https://pypi.org/simple"

  /// An index at an address, which may have a user and a password in it.
  /// - Parameter variable: who says so, for the error.
  /// - Throws: ``WeightsError/address(variable:text:expected:)``.
  init(_ text: String, from variable: String) throws {
    guard var url = URLComponents(string: text), ["http", "https"].contains(url.scheme), url.host != nil
    else {
      throw WeightsError.address(variable: variable, text: text, expected: "https://HOST/simple")
    }
    authorization = url.user.map { user in
      "Basic " + Data("\(user):\(url.password ?? "")".utf8).base64EncodedString()
    }
    (url.user, url.password) = (nil, nil)
    let plain = url.string ?? text
    address = plain.hasSuffix("/") ? String(plain.dropLast()) : plain
  }

  /// The index that pip would ask: the one that is named, else `PIP_INDEX_URL`, else what pip's configuration says, else
  /// the public one.
  /// - Throws: ``WeightsError/address(variable:text:expected:)``.
  init(named: String?, environment: [String: String]) throws {
    if let named {
      try self.init(named, from: "the index")
    } else if let variable = environment["PIP_INDEX_URL"], !variable.isEmpty {
      try self.init(variable, from: "PIP_INDEX_URL")
    } else if let found = Self.configured(environment) {
      try self.init(found.address, from: found.path)
    } else {
      try self.init(Self.standardAddress, from: "the index")
    }
  }

  /// What pip's files of settings say (https://pip.pypa.io/en/stable/topics/configuration), the last one first.
  private static func configured(_ environment: [String: String]) -> (address: String, path: String)? {
    let home = environment["HOME"] ?? NSHomeDirectory()
    let settings = environment["XDG_CONFIG_HOME"] ?? home + "/.config"
    let machine = (environment["XDG_CONFIG_DIRS"] ?? "/etc/xdg").split(separator: ":").map {
      "\($0)/pip/pip.conf"
    }
    var paths = [environment["PIP_CONFIG_FILE"], environment["VIRTUAL_ENV"].map { $0 + "/pip.conf" }]
      .compactMap { $0 }
    paths += [settings + "/pip/pip.conf", home + "/.pip/pip.conf", "/etc/pip.conf"] + machine
    for path in paths {
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { continue }
      if let address = indexAddress(inSettings: text) { return (address, path) }
    }
    return nil
  }

  /// The `index-url` of pip's settings: that of `[download]`, else of `[global]`.
  static func indexAddress(inSettings text: String) -> String? {
    var section = ""
    var found: [String: String] = [:]
    for line in text.split(whereSeparator: \.isNewline) {
      let line = line.trimmingCharacters(in: .whitespaces)
      if line.hasPrefix("["), line.hasSuffix("]") {
        section = String(line.dropFirst().dropLast())
        continue
      }
      guard let equals = line.firstIndex(where: { $0 == "=" || $0 == ":" }) else { continue }
      let name = line[..<equals].trimmingCharacters(in: .whitespaces).replacing("_", with: "-")
      guard name == "index-url" else { continue }
      found[section] = line[line.index(after: equals)...].trimmingCharacters(in: .whitespaces)
    }
    return found["download"] ?? found["global"]
  }

  /// The address of a package's page.
  func page(of package: String) -> String { "\(address)/\(package)/" }

  /// The header for a file's address, which the index's host alone is told.
  func authorization(for file: String) -> String? {
    let (own, other) = (URLComponents(string: address), URLComponents(string: file))
    let isSame = own?.scheme == other?.scheme && own?.host == other?.host && own?.port == other?.port
    return isSame ? authorization : nil
  }
}
