import Foundation

/// An index's page of one package, in JSON or HTML: the files that it has.
struct PackagePage {
  /// A file of the package.
  struct File: Equatable {
    /// Its name.
    let name: String
    /// Its address.
    let address: String
    /// Its SHA-256 in lower-case hexadecimal; nil where the index does not say.
    let hash: String?
  }

  /// The files.
  let files: [File]

  /// What indexes are asked for: JSON before HTML.
  static let accepted = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"

  /// Reads a page.
  /// - Parameter address: where it is from, to which its links may be relative.
  init(_ content: Data, at address: String) {
    let base = URL(string: address)
    func absolute(_ link: String) -> String? { URL(string: link, relativeTo: base)?.absoluteString }
    if let page = try? JSONDecoder().decode(JSONPage.self, from: content) {
      files = page.files.compactMap { file in
        absolute(file.url).map { File(name: file.filename, address: $0, hash: file.hashes["sha256"]) }
      }
      return
    }
    let text = String(decoding: content, as: UTF8.self)
    files = text.matches(of: /<a\s[^>]*?href\s*=\s*["']([^"']+)["'][^>]*>/.ignoresCase()).compactMap {
      match in
      let parts = match.output.1.replacing("&amp;", with: "&").split(separator: "#", maxSplits: 1)
      guard let link = parts.first, let address = absolute(String(link)),
        let name = URL(string: address)?.lastPathComponent
      else { return nil }
      let hash = parts.count == 2 ? parts[1].firstMatch(of: /sha256=([0-9a-fA-F]{64})/)?.output.1 : nil
      return File(name: name, address: address, hash: hash.map { $0.lowercased() })
    }
  }

  /// The wheel of a version that is for all machines.
  func wheel(of package: String, version: String) -> File? {
    let beginning = "\(package)-\(version)-".replacing("-", with: "_")
    return files.first {
      $0.name.hasSuffix("-none-any.whl")
        && $0.name.lowercased().replacing("-", with: "_").hasPrefix(beginning)
    }
  }

  private struct JSONPage: Decodable {
    struct File: Decodable {
      var filename: String
      var url: String
      var hashes: [String: String]
    }
    var files: [File]
  }
}
