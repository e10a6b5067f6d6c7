import Blemish

/// What is counted of judgements.
struct JudgingMetrics: Sendable {
  let metrics: Metrics

  /// Declares what is counted.
  init(_ metrics: Metrics) {
    self.metrics = metrics
    let seconds = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30]
    metrics.counter("blemish_refusals_total", "Pictures that were not judged, by reason.")
    metrics.histogram(
      "blemish_queue_seconds", "How long pictures waited for their turn.", buckets: seconds)
    metrics.counter("blemish_verdicts_total", "Pictures that were judged, by model, source and verdict.")
    metrics.histogram(
      "blemish_judging_seconds", "How long decoding and judging took, by model.", buckets: seconds)
    metrics.histogram(
      "blemish_log_nfa", "log10 of the number of false alarms of the most significant region, by model.",
      buckets: [-20, -10, -5, -4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3])
    metrics.gauge("blemish_queue_depth", "Pictures that wait for their turn.")
    metrics.gauge("blemish_queue_capacity", "Pictures that may wait for their turn.")
    metrics.counter("blemish_picture_errors_total", "Pictures that could not be read or judged, by model.")
  }

  func refused(_ reason: JudgingQueueError) {
    let text =
      switch reason {
      case .full: "full"
      case .late: "late"
      case .ending: "ending"
      }
    metrics.add("blemish_refusals_total", 1, [("reason", text)])
  }

  func waited(_ seconds: Double) { metrics.observe("blemish_queue_seconds", seconds) }

  func judged(_ judgement: Judgement, source: String) {
    let model = judgement.model.name
    metrics.add(
      "blemish_verdicts_total", 1,
      [("model", model), ("source", source), ("verdict", judgement.verdict.rawValue)])
    metrics.observe("blemish_judging_seconds", judgement.seconds, [("model", model)])
    metrics.observe("blemish_log_nfa", judgement.finding.logNFA, [("model", model)])
  }

  func failed(model: String) { metrics.add("blemish_picture_errors_total", 1, [("model", model)]) }
}
