/// The cyclic redundancy check of Castagnoli's polynomial (RFC 3720, appendix B.4), which guards the records of
/// event files.
enum CRC32C {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { rest, _ in rest & 1 == 1 ? rest >> 1 ^ 0x82F6_3B78 : rest >> 1 }
  }

  /// The check of some bytes.
  static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~0) { rest, byte in rest >> 8 ^ table[Int((rest ^ UInt32(byte)) & 0xFF)] }
  }

  /// The check as a TFRecord holds it: turned and shifted, because the check of data that hold their own check
  /// is weak.
  static func masked(_ bytes: some Sequence<UInt8>) -> UInt32 {
    let plain = checksum(bytes)
    return (plain >> 15 | plain << 17) &+ 0xA282_EAD8
  }
}
