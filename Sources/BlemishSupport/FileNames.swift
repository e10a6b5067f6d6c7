import Foundation

// A file's name on Linux is bytes, which need not be UTF-8. As a String, each byte that is not part of valid UTF-8 is
// one character of a private range, U+EF80 for the byte 0x80 to U+EFFF for 0xFF. A name that holds such a character
// itself has each of its three bytes written that way. So every name has one String, and every String one name.

/// The String that stands for a file's name.
package func fileName(_ bytes: some Sequence<UInt8>) -> String {
  let bytes = Array(bytes)
  if let text = String(validating: bytes, as: UTF8.self), !text.unicodeScalars.contains(where: isEscape) {
    return text
  }
  var scalars = String.UnicodeScalarView()
  var rest = bytes[...]
  while !rest.isEmpty {
    var decoder = UTF8()
    var iterator = rest.makeIterator()
    if case .scalarValue(let scalar) = decoder.decode(&iterator), !isEscape(scalar) {
      scalars.append(scalar)
      rest = rest.dropFirst(UTF8.width(scalar))
    } else {
      let byte = rest.removeFirst()
      scalars.append(byte < 0x80 ? Unicode.Scalar(byte) : Unicode.Scalar(0xEF00 + UInt32(byte))!)
    }
  }
  return String(scalars)
}

/// The bytes of a file's name.
package func fileNameBytes(_ text: String) -> [UInt8] {
  guard text.unicodeScalars.contains(where: isEscape) else { return Array(text.utf8) }
  return text.unicodeScalars.flatMap { scalar in
    isEscape(scalar) ? [UInt8(scalar.value - 0xEF00)] : Array(String(scalar).utf8)
  }
}

/// A path as the system's functions take it. A text with a zero byte names no file: it becomes the empty path.
package func fileSystemPath(_ text: String) -> [CChar] {
  let bytes = fileNameBytes(text)
  return bytes.contains(0) ? [0] : bytes.map { CChar(bitPattern: $0) } + [0]
}

/// The program's arguments, names of files with any bytes among them.
package func commandLineArguments() -> [String] {
  (0..<Int(CommandLine.argc)).compactMap { index in
    CommandLine.unsafeArgv[index].map { argument in
      fileName(UnsafeRawBufferPointer(start: argument, count: strlen(argument)))
    }
  }
}

/// A text that does nothing to a terminal but stand there: control characters, and those that turn the direction of
/// writing, are shown as escapes, and so are bytes that are not UTF-8.
package func printable(_ text: String) -> String {
  guard text.unicodeScalars.contains(where: { isEscape($0) || isHarmful($0) }) else { return text }
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case _ where isEscape(scalar): result += "\\x" + hexadecimal([UInt8(scalar.value - 0xEF00)])
    case _ where isHarmful(scalar):
      result +=
        scalar.value < 0x80
        ? "\\x" + hexadecimal([UInt8(scalar.value)]) : "\\u{" + String(scalar.value, radix: 16) + "}"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}

private func isEscape(_ scalar: Unicode.Scalar) -> Bool { (0xEF80...0xEFFF).contains(scalar.value) }

private func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.value {
  case 0..<0x20, 0x7F..<0xA0: true
  // Line separators, and the marks, embeddings, overrides and isolates of the two directions.
  case 0x2028, 0x2029, 0x200E, 0x200F, 0x061C, 0x202A...0x202E, 0x2066...0x2069: true
  default: false
  }
}

/// A path without what changes nothing in it: `./`, `/./`, doubled slashes and slashes at its end. Two texts for one
/// file become one, as far as can be told without looking; `..` stays, as links can lead elsewhere.
package func plainPath(_ path: String) -> String {
  let parts = path.split(separator: "/").filter { $0 != "." }
  let plain = (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
  return plain.isEmpty && !path.isEmpty ? "." : plain
}

/// The folder that a file lies in, as far as its path says. Foundation's own function traps on a path of one character.
package func folderName(_ path: String) -> String {
  guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}
