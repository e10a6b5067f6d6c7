import Backbones
import Synthesis

extension PretrainingConfiguration {
  /// Checks that the numbers make a run.
  /// - Throws: ``ConfigurationError`` that names the number.
  public func check() throws {
    func check<Number: Comparable>(_ number: Number, _ name: String, _ range: ClosedRange<Number>) throws {
      try SegmenterSchedule.check(number, name, range)
    }
    guard network.blocks.count == network.widths.count - 1,
      EmbeddedArchitecture.stageCounts.contains(network.blocks.count)
    else {
      throw ConfigurationError(
        "network.widths must have one number more than network.blocks, which has 3 or 4: one a stage")
    }
    for width in network.widths { try check(width, "network.widths", 1...4096) }
    for count in network.blocks { try check(count, "network.blocks", 1...100) }
    try check(network.pyramid, "network.pyramid", 1...4096)
    try check(network.evidence, "network.evidence", 1...4096)
    do {
      try training.check()
    } catch {
      throw ConfigurationError("training.\(error)")
    }
    guard precision != .auto else {
      throw ConfigurationError(
        "precision must be float32 or bfloat16: auto is another run on another machine")
    }
    let multiple = network.strides[network.strides.count - 1]
    guard side % multiple == 0, (16...1024).contains(side) else {
      throw ConfigurationError("side must be a multiple of \(multiple) from 16 to 1024, not \(side)")
    }
    try check(validation.pictures, "validation.pictures", 1...1_000_000)
    guard validation.seed != seed else {
      throw ConfigurationError("validation.seed must be another than seed: the pictures would be the same")
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
      throw ConfigurationError("defects.\(error)")
    }
  }
}

extension DefectRecipe {
  /// Checks that the numbers make a planting.
  /// - Throws: ``ConfigurationError`` that names the number.
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
    throw ConfigurationError("\(name) must be shares of at least 0 that are not all 0")
  }
}

private func checkInterval(
  _ interval: PictureRecipe.ClosedInterval, _ name: String, upTo highest: Double = 1
) throws {
  // What is less is nothing in single precision.
  let lowest = 1e-6
  guard interval.low >= lowest, interval.low <= interval.high, interval.high <= highest else {
    throw ConfigurationError(
      "\(name) must go from a low of at least \(lowest) to a high of at most \(highest)")
  }
}
