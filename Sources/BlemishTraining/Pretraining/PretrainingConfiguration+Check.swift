import BlemishBackbones
import BlemishSupport
import BlemishSynthesis

extension PretrainingConfiguration {
  /// Checks that the numbers make a run.
  /// - Throws: ``PretrainingError`` that names the number.
  public func check() throws {
    func check<Number: Comparable>(_ number: Number, _ name: String, _ range: ClosedRange<Number>) throws {
      try SegmenterSchedule.check(number, name, range)
    }
    guard network.blocks.count == network.widths.count - 1,
      EmbeddedArchitecture.stageCounts.contains(network.blocks.count)
    else {
      throw PretrainingError.number(
        name: "network.widths", value: "\(network.widths)",
        allowed: "one number more than network.blocks, which has 3 or 4: one a stage")
    }
    for width in network.widths { try check(width, "network.widths", 1...4096) }
    for count in network.blocks { try check(count, "network.blocks", 1...100) }
    try check(network.pyramid, "network.pyramid", 1...4096)
    try check(network.evidence, "network.evidence", 1...4096)
    do {
      try training.check()
    } catch {
      throw PretrainingError.within("training.", error)
    }
    guard precision != .auto else {
      throw PretrainingError.number(
        name: "precision", value: "auto, which is another run on another machine",
        allowed: "float32 or bfloat16")
    }
    let multiple = network.strides[network.strides.count - 1]
    guard side % multiple == 0, (16...1024).contains(side) else {
      throw PretrainingError.number(
        name: "side", value: "\(side)", allowed: "a multiple of \(multiple) from 16 to 1024")
    }
    try check(validation.pictures, "validation.pictures", 1...1_000_000)
    guard validation.seed != seed else {
      throw PretrainingError.sameSeed
    }
    try checkShares(pictures.textures.values, "pictures.textures")
    try check(pictures.grey, "pictures.grey", 0...1)
    try check(pictures.contours, "pictures.contours", 0...1)
    try check(pictures.lightGradients, "pictures.lightGradients", 0...1)
    try check(pictures.blurred, "pictures.blurred", 0...1)
    try checkInterval(pictures.contrast, "pictures.contrast")
    try checkInterval(pictures.sensorNoise, "pictures.sensorNoise")
    do {
      try defects.check()
    } catch {
      throw PretrainingError.within("defects.", error)
    }
  }
}

extension DefectRecipe {
  /// Checks that the numbers make a planting.
  /// - Throws: ``PretrainingError`` that names the number.
  func check() throws {
    try checkShares(kinds.values, "kinds")
    try SegmenterSchedule.check(none, "none", 0...1)
    try SegmenterSchedule.check(most, "most", 1...1000)
    try checkInterval(scale, "scale", upTo: 10)
    try checkInterval(amplitude, "amplitude")
    try SegmenterSchedule.check(visible, "visible", 0...1)
  }
}

private func checkShares(_ shares: some Collection<Double>, _ name: String) throws {
  let sum = shares.reduce(0, +)
  guard shares.allSatisfy({ $0 >= 0 }), sum > 0, sum.isFinite else {
    throw PretrainingError.shares(name: name)
  }
}

private func checkInterval(
  _ interval: PictureRecipe.ClosedInterval, _ name: String, upTo highest: Double = 1
) throws {
  // What is less is nothing in single precision.
  let lowest = 1e-6
  guard interval.low >= lowest, interval.low <= interval.high, interval.high <= highest else {
    throw PretrainingError.interval(name: name, least: lowest, most: highest)
  }
}
