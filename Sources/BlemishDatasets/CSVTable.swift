import Foundation

/// A table in a text file with a heading (RFC 4180: quotes, doubled quotes, line breaks in quotes).
///
/// Fields are separated by commas, semicolons or tabs, whichever the heading has most of. Spreadsheets write
/// semicolons where numbers have decimal commas.
package struct CSVTable {
  /// The headings in lower case.
  package let columns: [String]
  /// The rows and the line each starts on; every row has as many fields as there are columns.
  package let rows: [(line: Int, fields: [String])]

  /// Reads a file.
  /// - Throws: `DatasetError` if the file cannot be read, is not UTF-8, has no heading or a row of another
  ///   length.
  package init(path: String) throws {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
      throw DatasetError.unreadable(path: path, reason: whyUnreadable(path))
    }
    try self.init(data, path: path)
  }

  /// The table in a file's bytes; `path` is for the errors.
  package init(_ data: Data, path: String) throws {
    guard let text = String(data: data, encoding: .utf8) else {
      throw DatasetError.listing(path: path, line: nil, problem: .notText)
    }
    var records = try CSVRecords(text, path: path).records
    guard let heading = records.first?.fields, heading.contains(where: { !$0.isEmpty }) else {
      throw DatasetError.listing(path: path, line: nil, problem: .noHeading)
    }
    records.removeFirst()
    columns = heading.map { $0.lowercased() }
    for record in records where record.fields.count != heading.count {
      throw DatasetError.listing(
        path: path, line: record.line, problem: .fields(found: record.fields.count, expected: heading.count))
    }
    rows = records
  }

  /// The position of the first of these headings that the table has.
  package func column(_ names: String...) -> Int? {
    names.lazy.compactMap { columns.firstIndex(of: $0) }.first
  }
}

/// The records of a text, not yet checked against a heading.
private struct CSVRecords {
  private(set) var records: [(line: Int, fields: [String])] = []
  private var fields: [String] = []
  private var field = ""
  private var (line, start) = (1, 1)
  private var (isQuoted, wasQuoted) = (false, false)

  init(_ text: String, path: String) throws {
    let body = text.first == "\u{FEFF}" ? text.dropFirst() : text[...]
    let separator = Self.separator(body)
    var characters = body.makeIterator()
    var pending = characters.next()
    while let character = pending {
      pending = characters.next()
      if character.isNewline { line += 1 }
      if isQuoted {
        if character != "\"" {
          field.append(character)
        } else if pending == "\"" {
          field.append("\"")
          pending = characters.next()
        } else {
          isQuoted = false
        }
      } else if character == "\"" && field.allSatisfy(\.isWhitespace) && !wasQuoted {
        (isQuoted, wasQuoted, field) = (true, true, "")
      } else if character == separator {
        endField()
      } else if character.isNewline {
        endRecord()
      } else {
        field.append(character)
      }
    }
    guard !isQuoted else { throw DatasetError.listing(path: path, line: start, problem: .openQuote) }
    if !field.isEmpty || !fields.isEmpty { endRecord() }
  }

  /// The separator that the first line has most of outside quotes; a comma if it has none.
  private static func separator(_ text: Substring) -> Character {
    var counts: [Character: Int] = [:]
    var isQuoted = false
    for character in text.prefix(while: { !$0.isNewline }) {
      if character == "\"" { isQuoted.toggle() }
      if !isQuoted, ",;\t".contains(character) { counts[character, default: 0] += 1 }
    }
    return [",", ";", "\t"].max { counts[$0, default: 0] < counts[$1, default: 0] } ?? ","
  }

  private mutating func endField() {
    fields.append(wasQuoted ? field : field.trimmingCharacters(in: .whitespaces))
    field = ""
    wasQuoted = false
  }

  private mutating func endRecord() {
    endField()
    if fields.contains(where: { !$0.isEmpty }) { records.append((start, fields)) }
    fields = []
    start = line
  }
}
