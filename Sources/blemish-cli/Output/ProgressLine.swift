import BlemishSupport
import BlemishTorch
import BlemishTraining
import Foundation

/// Shows where long work stands: one line that is rewritten on a terminal, a line an epoch elsewhere.
final class ProgressLine {
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let quiet: Bool
  private var lastShown = ContinuousClock.now - .seconds(1)
  private var session = ContinuousClock.now
  private var steps = 0
  private var open = false

  init(quiet: Bool) { self.quiet = quiet }

  func show(_ event: TrainingSession.Event) {
    switch event {
    case .note(let text):
      line("note: \(text)")
    case .features(let done, let all):
      rewrite("features of \(done) of \(all) pictures", final: done == all)
      session = .now
    case .reading(let done, let all):
      rewrite("read \(done) of \(all) pictures", final: done == all)
    case .tuning(let report):
      show(report, "tuning the backbone: ")
    case .step(let report):
      steps += 1
      show(report)
    case .fitting(let share):
      rewrite("fitting: \(decimal(100 * share, 0)) %", final: share >= 1)
    }
  }

  private func show(_ report: Trainer.Report) {
    let seconds = (ContinuousClock.now - session) / .seconds(1)
    let left = seconds / Double(max(steps, 1)) * Double(report.remainingSteps)
    let epochs = report.progress.epochs.count
    var text = "epoch \(report.endedEpoch ? epochs : epochs + 1)"
    text += "  loss \(decimal(report.loss, 4))"
    if let heldOut = report.progress.epochs.last?.heldOutLoss { text += "  held-out \(decimal(heldOut, 4))" }
    if let auroc = report.progress.epochs.last?.testPixelAUROC {
      text += "  test pixel AUROC \(decimal(auroc, 4))"
    }
    text += "  rate \(String(format: "%.2e", report.learningRate))"
    text += "  at most \(duration(left)) left"
    rewrite(text, final: report.endedEpoch && !isTerminal)
  }

  /// Where the training of a segmenter stands; elsewhere than on a terminal, a line every half minute.
  func show(_ report: SegmenterTrainer.Report) { show(report, "") }

  private func show(_ report: SegmenterTrainer.Report, _ what: String) {
    let progress = report.progress
    let due = ContinuousClock.now - lastShown > .seconds(30) || progress.step == report.steps
    if due && !isTerminal { lastShown = .now }
    rewrite(
      "\(what)step \(progress.step) of \(report.steps)  loss \(decimal(progress.loss, 4))  dice "
        + "\(decimal(progress.dice, 3))  \(decimal(report.picturesPerSecond, 0)) pictures/s  "
        + "\(duration(report.secondsLeft)) left", final: due && !isTerminal)
  }

  /// Puts a whole line, under what was shown before.
  func line(_ text: String) {
    finish()
    complain(text)
  }

  /// Ends a line that is being rewritten.
  func finish() {
    if open { complain("") }
    open = false
  }

  func rewrite(_ text: String, final: Bool) {
    guard !quiet else { return }
    if isTerminal {
      guard final || ContinuousClock.now - lastShown > .milliseconds(100) else { return }
      lastShown = .now
      complain(unended: "\r\u{1B}[2K\(printable(text))")
      open = true
    } else if final {
      complain(text)
    }
  }
}

/// A number with a fixed count of decimals.
func decimal(_ value: Double, _ places: Int) -> String { String(format: "%.\(places)f", value) }

/// A duration as a person says it.
func duration(_ seconds: Double) -> String {
  switch seconds {
  case ..<90: "\(decimal(seconds, 0)) s"
  case ..<5400: "\(decimal(seconds / 60, 0)) min"
  default: "\(decimal(seconds / 3600, 1)) h"
  }
}
