import BlemishSupport

/// Damage to files that is the same for the same seed.
struct Mutator {
  private var random: RandomStream

  init(seed: UInt64) { random = RandomStream(seed: seed) }

  private mutating func below(_ bound: Int) -> Int { Int(random.next() >> 1) % max(bound, 1) }

  /// One to eight changes: bytes replaced, flipped, removed, repeated, or taken from another file.
  mutating func damage(_ bytes: [UInt8], with other: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...below(8) {
      guard !bytes.isEmpty else { return other }
      // Headers say how the rest is read: half of all changes are there.
      let position = below(below(2) == 0 ? min(bytes.count, 128) : bytes.count)
      let length = min(1 + below(below(4) == 0 ? 200 : 8), bytes.count - position)
      switch below(9) {
      case 0: bytes[position] = UInt8(below(256))
      case 1: bytes[position] ^= 1 << UInt8(below(8))
      case 2: bytes[position] = [0, 1, 0x7F, 0x80, 0xFF][below(5)]
      case 3: bytes.removeSubrange(position..<position + length)
      case 4: bytes.insert(contentsOf: Array(bytes[position..<position + length]), at: position)
      case 5 where !other.isEmpty:
        let start = below(other.count)
        bytes.insert(contentsOf: other[start..<min(start + 1 + below(16), other.count)], at: position)
      case 6: for index in position..<position + min(length, 8) { bytes[index] = 0xFF }
      case 7: bytes.removeLast(bytes.count - position)
      default:
        // A number of four bytes, larger or smaller by a little.
        for index in position..<position + min(length, 4) {
          bytes[index] = bytes[index] &+ UInt8(below(7)) &- 3
        }
      }
    }
    return bytes
  }
}
