import Testing

@testable import BlemishSynthesis

@Suite struct SynthesisRandomTests {
  @Test func drawsWholeNumbersEvenly() {
    var random = SynthesisRandom(seed: 1)
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<7000 { counts[random.below(7)] += 1 }
    #expect(counts.allSatisfy { (850...1150).contains($0) }, "\(counts)")
    #expect(random.below(1) == 0)
  }

  @Test func picksAsOftenAsTheSharesSay() {
    var random = SynthesisRandom(seed: 2)
    var counts = ["a": 0, "b": 0, "c": 0]
    for _ in 0..<8000 { counts[random.pick([("a", 1.0), ("b", 0.0), ("c", 3.0)]), default: 0] += 1 }
    #expect(counts["b"] == 0 && (1800...2200).contains(counts["a"] ?? 0))
  }

  @Test func drawsNumbersOfTheirDistributions() {
    var random = SynthesisRandom(seed: 3)
    let normal = (0..<20_000).map { _ in random.normal() }
    let mean = normal.reduce(0, +) / 20_000
    let variance = normal.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 20_000
    #expect(abs(mean) < 0.03 && abs(variance - 1) < 0.04)
    let unit = (0..<20_000).map { _ in random.uniform(2, 4) }
    #expect(unit.allSatisfy { (2..<4).contains($0) } && abs(unit.reduce(0, +) / 20_000 - 3) < 0.03)
    let below10 = (0..<20_000).count { _ in random.logUniform(1, 100) < 10 }
    #expect((9600...10_400).contains(below10))
  }

  @Test func placesHaveStreamsOfTheirOwn() {
    var streams: Set<UInt64> = []
    for seed in 0..<10 as Range<UInt64> {
      for index in 0..<50 {
        var (one, other) = (SynthesisRandom(seed: seed, index), SynthesisRandom(seed: seed, index, 1))
        streams.insert(one.next())
        streams.insert(other.next())
      }
    }
    #expect(streams.count == 1000)
  }
}
