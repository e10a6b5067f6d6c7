import Foundation

/// Whether the stream of a model's pictures still looks as it did: a conformal test martingale over log NFA.
///
/// While the pictures come in no particular order, each one's rank among all so far is uniform, and no betting on ranks
/// gains anything: by Ville's inequality the capital exceeds C with a probability of 1/C at most, however long and
/// however often one looks. When the line changes, ranks crowd together and the capital grows. The bets are those of the
/// Simple Jumper (Vovk, Petej, Nouretdinov, Ahlberg, Carlsson, Gammerman, "Retrain or not retrain", 2021).
final class Drift: Sendable {
  /// What is known of one model's stream.
  struct State: Sendable {
    /// How many pictures were seen.
    var count = 0
    /// log10 of the capital.
    var logMartingale = 0.0
    /// log10 of the largest capital so far.
    var largest = 0.0
    /// An upper bound on how probable so large a capital is in an unchanged stream.
    var pValue: Double { min(1, pow(10, -largest)) }
  }

  private struct Stream {
    var hash: String
    var state = State()
    /// Pictures with a log NFA in each bin; equal ones are told apart by lot.
    var counts = [Int](repeating: 0, count: Drift.bins)
    /// The capital's shares that bet on small, on no, and on large ranks.
    var shares = [1.0 / 3, 1.0 / 3, 1.0 / 3]
    var lots = SystemRandomNumberGenerator()
  }

  private static let bins = 2_048
  private static let range = -40.0...5.0
  private static let bets = [-1.0, 0, 1]
  /// The share of the capital that changes its bet at each picture.
  private static let jumping = 0.01

  private let streams = Locked<[String: Stream]>([:])

  /// Takes the next picture of a model's stream; another version of a model begins anew.
  func take(_ logNFA: Double, model: ServedModel) { take(logNFA, name: model.name, hash: model.hash) }

  func take(_ logNFA: Double, name: String, hash: String) {
    streams.with { streams in
      var stream = streams[name] ?? Stream(hash: hash)
      if stream.hash != hash { stream = Stream(hash: hash) }
      Self.take(logNFA, &stream)
      streams[name] = stream
    }
  }

  private static func take(_ logNFA: Double, _ stream: inout Stream) {
    let place = (logNFA - range.lowerBound) / (range.upperBound - range.lowerBound)
    let bin = Int(min(max(place.isNaN ? 1 : place, 0), 1) * Double(bins - 1))
    let below = stream.counts[..<bin].reduce(0, +)
    stream.counts[bin] += 1
    stream.state.count += 1
    // The rank among all so far, this one included.
    let lot = Double.random(in: 0..<1, using: &stream.lots)
    let rank = (Double(below) + lot * Double(stream.counts[bin])) / Double(stream.state.count)
    let total = stream.shares.reduce(0, +)
    for index in bets.indices {
      stream.shares[index] = (1 - jumping) * stream.shares[index] + jumping / 3 * total
      stream.shares[index] *= 1 + bets[index] * (rank - 0.5)
    }
    let capital = stream.shares.reduce(0, +)
    stream.state.logMartingale += log10(capital / total)
    stream.state.largest = max(stream.state.largest, stream.state.logMartingale)
    // Only the shares' ratio counts from here on.
    for index in bets.indices { stream.shares[index] /= capital }
  }

  /// What is known of a model's stream; nil where no picture came.
  func state(of name: String) -> State? { streams.with { $0[name]?.state } }
}
