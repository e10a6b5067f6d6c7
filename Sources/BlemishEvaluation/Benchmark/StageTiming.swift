import Foundation

/// How long a stage of the work took, over several runs.
public struct StageTiming: Sendable, Codable, Equatable {
  /// What was done.
  public var stage: String
  /// Pictures that each run did.
  public var pictures: Int
  /// Runs, after one that is not counted.
  public var runs: Int
  /// The median time of a run in seconds.
  public var seconds: Double
  /// The quartiles of the time of a run in seconds.
  public var quartiles: [Double]
  /// The median processor time of a run in seconds, all threads together: steadier on a busy machine.
  public var processorSeconds: Double
  /// Arithmetic of convolutions and matrix products in a run, in 10^9 operations; nil where there is none.
  public var gigaoperations: Double?
  /// ``gigaoperations`` per second as a part of what a large matrix product reaches in the same run of the benchmark,
  /// at the same precision; nil where there is no arithmetic.
  public var shareOfPeak: Double?

  /// Times a stage for at least `seconds` and three runs.
  init(_ stage: String, pictures: Int, atLeast seconds: Double, _ work: () throws -> Void) rethrows {
    try work()
    var times: [Double] = []
    var processorTimes: [Double] = []
    let start = ContinuousClock.now
    while times.count < 3 || (start.duration(to: .now) < .seconds(seconds) && times.count < 1000) {
      let processor = processorTime()
      let clock = ContinuousClock.now
      try work()
      times.append(clock.duration(to: .now) / .seconds(1))
      processorTimes.append(processorTime() - processor)
    }
    self.stage = stage
    self.pictures = pictures
    runs = times.count
    self.seconds = quantile(times, 0.5)
    quartiles = [quantile(times, 0.25), quantile(times, 0.75)]
    processorSeconds = quantile(processorTimes, 0.5)
  }
}

/// The user and system time of the process so far, in seconds.
private func processorTime() -> Double {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
  return seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// The value below which a part of the values lies, interpolated.
private func quantile(_ values: [Double], _ part: Double) -> Double {
  let sorted = values.sorted()
  let place = part * Double(sorted.count - 1)
  let below = Int(place)
  let above = min(below + 1, sorted.count - 1)
  return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
}
