import CStationCrypto
import Foundation

/// Hashes and secrets, by OpenSSL.
enum Digest {
  /// SHA-256 of bytes.
  static func sha256(_ bytes: some ContiguousBytes) -> [UInt8] {
    bytes.withUnsafeBytes { bytes in
      [UInt8](unsafeUninitializedCapacity: 32) { hash, count in
        _ = SHA256(bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, hash.baseAddress)
        count = 32
      }
    }
  }

  /// HMAC of a message with SHA-256 (RFC 2104).
  static func hmacSHA256(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: 32) { code, count in
      var length: UInt32 = 0
      HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, code.baseAddress, &length)
      count = Int(length)
    }
  }

  /// Whether bytes are equal, in a time that does not tell where they differ.
  static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
  }

  /// Bytes that nobody can guess.
  /// - Throws: ``StationError/noRandomness``.
  static func random(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    guard RAND_bytes(&bytes, Int32(count)) == 1 else { throw StationError.noRandomness }
    return bytes
  }

  /// Two digits for each byte.
  static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
