import BlemishSupport

/// Sorts names by a hash of name and seed.
///
/// The same names and seed give the same order on every machine, in whatever order the names come. A further
/// name does not change the order of the others.
func seededOrder(_ names: [String], seed: UInt64) -> [String] {
  let drawn = names.map { name in
    var random = SplitMix64(name: name, seed: seed)
    return (number: random.next(), name: name)
  }
  return drawn.sorted { ($0.number, $0.name) < ($1.number, $1.name) }.map(\.name)
}
