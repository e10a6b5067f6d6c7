import BlemishCore
import Foundation
import Yams

/// YAML from a user's file, read so that no text can exhaust memory or stack.
enum SafeYAML {
  /// The longest file that is read. Yams recurses into nested values, so the length also bounds the depth.
  static let longestFile = 8192

  /// The value that a YAML file holds; nil for an empty one.
  /// - Throws: ``SettingsError`` that says what is wrong with the text.
  static func node(_ data: Data) throws -> Node? {
    guard data.count <= longestFile else {
      throw SettingsError.syntax("is longer than \(longestFile) bytes, which no settings are")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw SettingsError.syntax("is not UTF-8 text")
    }
    guard !holdsAnchor(text) else {
      throw SettingsError.syntax(
        "names a value with '&' to repeat it: write it out, no published settings do so")
    }
    do {
      return try onDeepStack { try Yams.compose(yaml: text) }
    } catch {
      throw SettingsError.syntax("is not YAML: \(error)")
    }
  }

  /// Whether something in the text can be an anchor: what aliases repeat can grow to a billion values, and Yams
  /// walks through all of them where they are a key.
  private static func holdsAnchor(_ text: String) -> Bool {
    func isLetterOrDigit(_ byte: UInt8) -> Bool {
      UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
    }
    var before: UInt8 = 0
    var found = false
    for byte in text.utf8 {
      if found && byte > 0x20 { return true }
      found = byte == UInt8(ascii: "&") && !isLetterOrDigit(before)
      before = byte
    }
    return false
  }
}

/// Runs the body on a thread whose stack lets a recursive reader go as deep as a short file can ask for.
private func onDeepStack<Value>(_ body: @escaping () throws -> Value) throws -> Value {
  let box = DeepCall(body)
  let thread = Thread { box.run() }
  thread.stackSize = 256 << 20
  thread.start()
  return try box.wait()
}

private final class DeepCall<Value>: @unchecked Sendable {
  private let body: () throws -> Value
  private let done = DispatchSemaphore(value: 0)
  private var result: Result<Value, any Error>?

  init(_ body: @escaping () throws -> Value) { self.body = body }

  func run() {
    result = Result(catching: body)
    done.signal()
  }

  func wait() throws -> Value {
    done.wait()
    return try result!.get()
  }
}
