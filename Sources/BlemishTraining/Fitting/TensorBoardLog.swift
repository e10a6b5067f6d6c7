import BlemishCore
import BlemishDatasets
import BlemishTorch

/// A training as TensorBoard shows it: losses and learning rate at every step, what an epoch gave, and every few
/// epochs the maps of held-out pictures and how the latents of each scale spread.
public final class TensorBoardLog {
  private let events: EventFile
  private let model: Model
  private let pictures: [Sample]

  /// Pictures whose maps are shown, and epochs between two showings.
  private static let shown = (pictures: 4, everyEpochs: 5)

  /// A log in a folder.
  /// - Parameters:
  ///   - pictures: good pictures, held out if there are any, of which the first few are shown.
  ///   - step: the steps that are done; what an interrupted training wrote beyond them is void.
  /// - Throws: `FileSystemError`.
  public init(folder: String, model: Model, pictures: [Sample], step: Int) throws {
    self.model = model
    self.pictures = Array(pictures.prefix(Self.shown.pictures))
    events = try EventFile(folder: folder)
    if step > 0 { try events.restart(at: step + 1) }
  }

  /// Writes what a step, and the epoch that it ends, gave.
  /// - Throws: an error of the file system, or of a picture that can no longer be read.
  public func add(_ report: Trainer.Report) throws {
    let step = report.progress.step
    try events.add("loss/training, epoch so far", report.loss, step: step)
    try events.add("learning rate", report.learningRate, step: step)
    guard report.endedEpoch, let epoch = report.progress.epochs.last else { return }
    try events.add("loss/training", epoch.loss, step: step)
    if let loss = epoch.heldOutLoss { try events.add("loss/held out", loss, step: step) }
    if let auroc = epoch.testPixelAUROC { try events.add("test/pixel AUROC", auroc, step: step) }
    if epoch.epoch == 1 || epoch.epoch % Self.shown.everyEpochs == 0 { try addPictures(step: step) }
  }

  private func addPictures(step: Int) throws {
    var latents: [[Float]] = []
    for sample in pictures {
      let frame = try model.configuration.preprocessor(contentsOf: sample.path)
      let inspection = try model.inspect([frame])[0]
      let (width, height) = (inspection.anomalyMap.width, inspection.anomalyMap.height)
      let overlay = frame.picture.eightBitRGB.resized(width: width, height: height, filter: .bilinear)
        .overlaid(with: inspection.anomalyMap, range: 0...1)
        .outlined(try inspection.segmentation(height: height, width: width).mask)
      try events.add("maps/\(sample.name)", overlay, step: step)
      let z = try withTorchErrors { model.evidence(in: Tensor([frame])).response.scales.map(\.floats) }
      latents = latents.isEmpty ? z : zip(latents, z).map { $0 + $1 }
    }
    for (scale, values) in latents.enumerated() {
      let histogram = Histogram(values)
      try events.add("z/scale \(scale + 1)", histogram, step: step)
      // 1 under the background model: every z is standard normal.
      let mean = histogram.sumOfSquares / Double(max(histogram.count, 1))
      try events.add("z/mean square, scale \(scale + 1)", mean, step: step)
    }
  }
}
