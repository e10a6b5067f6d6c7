import BlemishTraining
import Foundation

/// A training's losses for people: a line of bars, and some epochs in figures.
enum LossCurve {
  /// One bar for each epoch, or for each of 60 stretches of a longer training: the lowest is the least loss.
  static func sparkline(_ progress: TrainingProgress) -> String {
    let epochs = progress.epochs
    let count = min(epochs.count, 60)
    let losses = (0..<count).map { epochs[$0 * epochs.count / count].loss }.filter(\.isFinite)
    guard let least = losses.min(), let most = losses.max() else { return "" }
    let bars = Array("▁▂▃▄▅▆▇█")
    // Halves, as the difference of two doubles need not be one.
    let range = most / 2 - least / 2
    return String(
      losses.map { loss in
        bars[range > 0 ? Int(((loss / 2 - least / 2) / range * Double(bars.count - 1)).rounded()) : 0]
      })
  }

  /// A table of the first, the last, the kept and some epochs between.
  static func rows(_ progress: TrainingProgress) -> [[String]] {
    let epochs = progress.epochs
    guard !epochs.isEmpty else { return [] }
    let chosen = Set((0...6).map { 1 + $0 * (epochs.count - 1) / 6 } + [progress.keptEpoch])
    let hasHeldOut = epochs.contains { $0.heldOutLoss != nil }
    let hasTest = epochs.contains { $0.testPixelAUROC != nil }
    var rows = [["epoch", "loss"]]
    if hasHeldOut { rows[0].append("held out") }
    if hasTest { rows[0].append("test pixel AUROC") }
    rows[0].append("learning rate")
    for epoch in epochs where chosen.contains(epoch.epoch) {
      var row = ["\(epoch.epoch)", decimal(epoch.loss, 4)]
      if hasHeldOut { row.append(epoch.heldOutLoss.map { decimal($0, 4) } ?? "-") }
      if hasTest { row.append(epoch.testPixelAUROC.map { decimal($0, 4) } ?? "-") }
      row.append(String(format: "%.2e", epoch.learningRate))
      if epoch.epoch == progress.keptEpoch { row.append("kept") }
      rows.append(row)
    }
    return rows
  }
}
