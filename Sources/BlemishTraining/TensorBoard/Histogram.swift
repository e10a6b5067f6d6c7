/// How numbers spread, in bars of one width from the least number to the largest.
public struct Histogram: Sendable, Equatable {
  /// How many numbers there are.
  public private(set) var count = 0
  /// The least number; 0 where there is none.
  public private(set) var least = 0.0
  /// The largest number; 0 where there is none.
  public private(set) var most = 0.0
  /// The sum of the numbers.
  public private(set) var sum = 0.0
  /// The sum of their squares.
  public private(set) var sumOfSquares = 0.0
  /// The upper end of every bar.
  public private(set) var limits: [Double] = []
  /// How many numbers fall in every bar.
  public private(set) var counts: [Int] = []

  /// The spread of numbers; those that are not finite are left out.
  /// - Parameter bars: how many bars, at least 1.
  public init(_ numbers: [Float], bars: Int = 60) {
    let numbers = numbers.filter(\.isFinite)
    guard let least = numbers.min(), let most = numbers.max() else { return }
    let bars = max(bars, 1)
    count = numbers.count
    self.least = Double(least)
    self.most = Double(most)
    // Equal numbers still need a bar that has a width.
    let width = most > least ? (self.most - self.least) / Double(bars) : 1 / Double(bars)
    limits = (1...bars).map { self.least + Double($0) * width }
    counts = Array(repeating: 0, count: bars)
    for number in numbers {
      let number = Double(number)
      sum += number
      sumOfSquares += number * number
      counts[min(Int((number - self.least) / width), bars - 1)] += 1
    }
  }
}
