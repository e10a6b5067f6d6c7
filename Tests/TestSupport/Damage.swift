import BlemishSynthesis

/// Random damage that is the same in every run.
package struct Damage {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  /// A number from 0 to `bound` - 1.
  package mutating func below(_ bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % max(bound, 1)
  }

  /// The bytes with one to four changes: bytes replaced, removed, repeated, cut off, or pieces put in.
  package mutating func changed(_ bytes: [UInt8], pieces: [[UInt8]]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...below(4) {
      let position = below(bytes.count)
      let length = min(1 + below(8), bytes.count - position)
      switch below(7) {
      case 0 where position < bytes.count: bytes[position] = UInt8(below(256))
      case 1 where position < bytes.count: bytes[position] ^= 1 << UInt8(below(8))
      case 2: bytes.removeSubrange(position..<position + length)
      case 3: bytes.insert(contentsOf: Array(bytes[position..<position + length]), at: position)
      case 4 where below(10) == 0: bytes.removeSubrange(position...)
      default: bytes.insert(contentsOf: pieces[below(pieces.count)], at: position)
      }
    }
    return bytes
  }
}
