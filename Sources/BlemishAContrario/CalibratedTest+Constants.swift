extension CalibratedTest {
  /// The choices that what a test has learnt depends on. They are stored with the test, so that a test means the
  /// same in every version of this library.
  public struct Constants: Sendable, Codable, Equatable {
    /// An energy below this times its number of channels counts as this times its number of channels. So small
    /// ones tell nothing apart any more, and 0 has no logarithm.
    public internal(set) var leastEnergyPerChannel = 1e-3

    /// A region reaches from its peak down to this share of the peak's height.
    public internal(set) var outlineShare = 0.5

    /// The share of a picture's map that is above the quantile of the map: 0.05 is the 95% quantile.
    public internal(set) var shareAboveQuantile = 0.05
    /// The share of a picture's map that the mean of its highest values (the tail mean) is taken over; no larger
    /// than ``shareAboveQuantile``.
    public internal(set) var tailMeanShare = 0.02
    /// How much of a quantile above that of good pictures is taken off the heights of a picture's regions.
    public internal(set) var quantileWeight = 0.5
    /// How much of a tail mean above that of good pictures is added to the height of the highest region.
    public internal(set) var tailMeanWeight = 1.0

    /// The highest regions that the tail of the heights is fitted to, at most. With more, the tail begins where
    /// heights do not yet fall off as they do beyond (docs/research/calibrated-test.md).
    public internal(set) var mostTailRegions = 30
    /// The highest regions that the tail is fitted to where there are fewer pictures than that.
    public internal(set) var leastTailRegions = 10
    /// The heights that are stored, per picture on average.
    public internal(set) var heightsKeptPerPicture = 20
    /// The standard deviation of the prior of the tail's shape, whose mean is 0.
    public internal(set) var shapePriorDeviation = 0.1
    /// The tail's shape is at most this.
    public internal(set) var largestShape = 0.5

    /// The present choices; tests stored without constants were learnt with these too.
    public static let standard = Constants()

    /// Whether the numbers can be choices at all: what was read from a file may hold anything.
    var isSound: Bool {
      leastEnergyPerChannel > 0 && leastEnergyPerChannel.isFinite
        && outlineShare > 0 && outlineShare < 1
        && (0..<1).contains(shareAboveQuantile) && (0...shareAboveQuantile).contains(tailMeanShare)
        && quantileWeight.isFinite && tailMeanWeight.isFinite
        && mostTailRegions > 0 && leastTailRegions > 0 && heightsKeptPerPicture > 0
        && shapePriorDeviation > 0 && shapePriorDeviation.isFinite
        && largestShape > 0 && largestShape.isFinite
    }
  }
}
