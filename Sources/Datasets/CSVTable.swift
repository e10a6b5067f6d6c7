import Foundation

/// A table in a comma-separated file with a heading (RFC 4180: quotes, doubled quotes, line breaks in
/// quotes).
struct CSVTable {
  /// The headings in lower case.
  let columns: [String]
  /// The rows and the line each starts on; every row has as many fields as there are columns.
  let rows: [(line: Int, fields: [String])]

  /// - Throws: `DatasetError` if the file cannot be read, is not UTF-8, has no heading or a row of another
  ///   length.
  init(path: String) throws {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw DatasetError(path, "cannot be read: \(error.localizedDescription)")
    }
    guard var text = String(data: data, encoding: .utf8) else {
      throw DatasetError(path, "is not UTF-8 text; save the table as CSV in UTF-8")
    }
    if text.first == "\u{FEFF}" { text.removeFirst() }
    var records = try CSVTable.records(text, path: path)
    guard let heading = records.first?.fields, heading.contains(where: { !$0.isEmpty }) else {
      throw DatasetError(path, "is empty; expected a heading such as image,label,mask")
    }
    records.removeFirst()
    columns = heading.map { $0.lowercased() }
    for record in records where record.fields.count != heading.count {
      throw DatasetError(
        path,
        "line \(record.line) has \(record.fields.count) fields, the heading has \(heading.count)"
      )
    }
    rows = records
  }

  /// The position of the first of these headings that the table has.
  func column(_ names: String...) -> Int? {
    names.lazy.compactMap { columns.firstIndex(of: $0) }.first
  }

  private static func records(_ text: String, path: String) throws -> [(line: Int, fields: [String])] {
    var records: [(line: Int, fields: [String])] = []
    var fields: [String] = []
    var field = ""
    var (line, start) = (1, 1)
    var (quoted, wasQuoted) = (false, false)
    let trimmed: () -> String = { wasQuoted ? field : field.trimmingCharacters(in: .whitespaces) }
    func endField() {
      fields.append(trimmed())
      field = ""
      wasQuoted = false
    }
    func endRecord() {
      endField()
      if fields.count > 1 || fields[0] != "" { records.append((start, fields)) }
      fields = []
    }
    var characters = text.makeIterator()
    var pending = characters.next()
    while let character = pending {
      pending = characters.next()
      if character.isNewline { line += 1 }
      if quoted {
        if character != "\"" {
          field.append(character)
        } else if pending == "\"" {
          field.append("\"")
          pending = characters.next()
        } else {
          quoted = false
        }
      } else if character == "\"" && field.allSatisfy(\.isWhitespace) && !wasQuoted {
        (quoted, wasQuoted, field) = (true, true, "")
      } else if character == "," {
        endField()
      } else if character.isNewline {
        endRecord()
        start = line
      } else {
        field.append(character)
      }
    }
    guard !quoted else { throw DatasetError(path, "line \(start) opens a quote that is never closed") }
    if !field.isEmpty || !fields.isEmpty { endRecord() }
    return records
  }
}
