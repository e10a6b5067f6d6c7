import Foundation

/// Counters, gauges and histograms, and their text for Prometheus (text exposition format 0.0.4).
public final class Metrics: Sendable {
  /// Names and values of labels, in the order in which they are written.
  public typealias Labels = [(name: String, value: String)]

  private enum Kind: String { case counter, gauge, histogram }

  private struct Histogram {
    var counts: [Int]
    var sum = 0.0
  }

  private struct Family {
    var kind: Kind
    var help: String
    var buckets: [Double] = []
    var values: [String: Double] = [:]
    var histograms: [String: Histogram] = [:]
  }

  private let families = Locked<[String: Family]>([:])

  /// No metrics yet.
  public init() {}

  /// Declares a counter, so that it is told of before it counts.
  func counter(_ name: String, _ help: String) { declare(name, Family(kind: .counter, help: help)) }

  /// Declares a gauge.
  func gauge(_ name: String, _ help: String) { declare(name, Family(kind: .gauge, help: help)) }

  /// Declares a histogram with upper bounds that ascend.
  func histogram(_ name: String, _ help: String, buckets: [Double]) {
    declare(name, Family(kind: .histogram, help: help, buckets: buckets))
  }

  private func declare(_ name: String, _ family: Family) {
    families.with { families in
      if families[name] == nil { families[name] = family }
    }
  }

  /// Counts.
  func add(_ name: String, _ amount: Double = 1, _ labels: Labels = []) {
    let key = Self.text(labels)
    families.with { $0[name]?.values[key, default: 0] += amount }
  }

  /// Sets a gauge.
  func set(_ name: String, _ value: Double, _ labels: Labels = []) {
    let key = Self.text(labels)
    families.with { $0[name]?.values[key] = value }
  }

  /// Forgets all values of a gauge.
  func clear(_ name: String) { families.with { $0[name]?.values = [:] } }

  /// Notes a value in a histogram.
  func observe(_ name: String, _ value: Double, _ labels: Labels = []) {
    let key = Self.text(labels)
    families.with { families in
      guard let buckets = families[name]?.buckets else { return }
      var histogram =
        families[name]!.histograms[key] ?? Histogram(counts: .init(repeating: 0, count: buckets.count + 1))
      histogram.counts[buckets.firstIndex { value <= $0 } ?? buckets.count] += 1
      histogram.sum += value
      families[name]!.histograms[key] = histogram
    }
  }

  /// All of it.
  public var text: String {
    let families = families.with { $0 }
    var lines: [String] = []
    for (name, family) in families.sorted(by: { $0.key < $1.key }) {
      lines.append("# HELP \(name) \(family.help)")
      lines.append("# TYPE \(name) \(family.kind.rawValue)")
      for (labels, value) in family.values.sorted(by: { $0.key < $1.key }) {
        lines.append("\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(Self.text(value))")
      }
      if family.kind == .counter && family.values.isEmpty { lines.append("\(name) 0") }
      for (labels, histogram) in family.histograms.sorted(by: { $0.key < $1.key }) {
        var total = 0
        let comma = labels.isEmpty ? "" : ","
        for (bound, count) in zip(family.buckets + [.infinity], histogram.counts) {
          total += count
          lines.append("\(name)_bucket{\(labels)\(comma)le=\"\(Self.text(bound))\"} \(total)")
        }
        let braces = labels.isEmpty ? "" : "{\(labels)}"
        lines.append("\(name)_sum\(braces) \(Self.text(histogram.sum))")
        lines.append("\(name)_count\(braces) \(total)")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func text(_ value: Double) -> String {
    if value == .infinity { return "+Inf" }
    if value == -.infinity { return "-Inf" }
    if value.isNaN { return "NaN" }
    return value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
  }

  private static func text(_ labels: Labels) -> String {
    labels.map { label in
      let value = label.value.replacingOccurrences(of: "\\", with: "\\\\")
        .replacingOccurrences(of: "\"", with: "\\\"").replacingOccurrences(of: "\n", with: "\\n")
      return "\(label.name)=\"\(value)\""
    }.joined(separator: ",")
  }
}
