import CLibCrypto
import Foundation

/// The hash function SHA-256 (FIPS 180-4), by the system's libcrypto.
package struct SHA256: ~Copyable {
  /// The bytes of a digest.
  package static let byteCount = 32

  private let context: OpaquePointer

  /// The hash of nothing yet.
  package init() {
    context = EVP_MD_CTX_new()
    EVP_DigestInit_ex(context, EVP_sha256(), nil)
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Takes in further bytes.
  package mutating func update(_ bytes: UnsafeRawBufferPointer) {
    EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
  }

  /// Takes in further bytes.
  package mutating func update(_ data: some ContiguousBytes) {
    data.withUnsafeBytes { update($0) }
  }

  /// Takes in the UTF-8 bytes of a text.
  package mutating func update(_ text: String) { update(Array(text.utf8)) }

  /// The digest of all bytes that were taken in.
  package consuming func finalize() -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
      EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
      count = Self.byteCount
    }
  }

  /// The digest of some bytes.
  package static func hash(_ data: some ContiguousBytes) -> [UInt8] {
    var hash = SHA256()
    hash.update(data)
    return hash.finalize()
  }
}

/// A digest, or other bytes, in hexadecimal digits.
package func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
}
