import Foundation

/// A kind of file that Blemish writes, and how one is told from others' files.
package struct OwnFile: Sendable {
  /// What it is, with its article.
  package let name: String
  /// How many of a file's first bytes are looked at.
  let prefixLength: Int
  /// Whether a file that begins with these bytes is one.
  package let recognises: @Sendable (Data) -> Bool

  /// A kind of file.
  package init(
    name: String, prefixLength: Int = 1 << 20, recognises: @escaping @Sendable (Data) -> Bool
  ) {
    self.name = name
    self.prefixLength = prefixLength
    self.recognises = recognises
  }

  /// A safetensors file with a text of this name among its metadata.
  package static func safetensors(_ name: String, metadataKey key: String) -> OwnFile {
    OwnFile(name: name) { start in
      guard start.count > 8 else { return false }
      let length = start.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
      let header = start.dropFirst(8).prefix(Int(clamping: length))
      return header.starts(with: Array("{\"__metadata__\":{".utf8))
        && header.range(of: Data("\"\(key)\":".utf8)) != nil
    }
  }

  /// A model, finished or not.
  package static let model = safetensors("a model", metadataKey: "blemish")

  /// A checkpoint that was exported, by the key or the entry that says so.
  package static let export = OwnFile(name: "an exported checkpoint") { start in
    safetensors("", metadataKey: exportMark).recognises(start)
      || start.prefix(256).range(of: Data("archive/\(exportMark)".utf8)) != nil
  }

  /// The key in a safetensors file's metadata, and the name of the first entry of a zip file.
  package static let exportMark = "blemish.export"

  /// A picture that shows a result, by the text in its head.
  package static let resultPicture = OwnFile(name: "a picture of a result", prefixLength: 256) { start in
    start.range(of: Data(pictureMark.utf8)) != nil
  }

  /// The text in a result's picture: who made it, as PNG files say it.
  package static let pictureMark = "Software\u{0}Blemish"

  /// The mark in a report's head by which it is recognised.
  package static let reportMark = "<meta name=\"generator\" content=\"Blemish"

  /// A page with the mark in its head.
  package static let report = OwnFile(name: "a report", prefixLength: 1 << 14) { start in
    start.range(of: Data(reportMark.utf8)) != nil
  }

  /// A table or another text that begins with one of these, such as its heading.
  package static func text(_ name: String, beginningWith beginnings: [String]) -> OwnFile {
    OwnFile(name: name) { start in beginnings.contains { start.starts(with: Array($0.utf8)) } }
  }
}
