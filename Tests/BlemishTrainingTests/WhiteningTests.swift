import BlemishBackbones
import BlemishDetectors
import BlemishSupport
import BlemishTorch
import Foundation
import TestSupport
import Testing

@testable import BlemishCore
@testable import BlemishTraining

@Suite struct WhiteningTests {
  /// Correlated features `[pictures, channels, height, width]` of two scales.
  private func features() -> [Tensor] {
    var random = RandomStream(seed: 4)
    return [(6, 8), (5, 4)].map { channels, side in
      let count = 12 * side * side
      let rows = Tensor((0..<count * channels).map { _ in Float(random.normal()) }, shape: [count, channels])
      let random = Tensor(
        (0..<channels * channels).map { _ in 0.3 * Float(random.normal()) }, shape: [channels, channels])
      let mixing = random + Tensor.eye(channels, like: random)
      return (rows.matmul(mixing) + 3).reshape([12, side, side, channels]).permute([0, 3, 1, 2])
    }
  }

  @Test func makesFeaturesIndependentOfVarianceOne() {
    let features = features()
    var moments = FeatureGaussian.Moments()
    moments.add(features)
    let gaussian = FeatureGaussian(moments)
    var energy: [Float] = []
    for (map, linear) in zip(features, gaussian.whitening) {
      let white = map.conv2d(linear.weight, bias: linear.bias)
      let rows = white.permute([0, 2, 3, 1]).reshape([-1, map.size(1)])
      let covariance = rows.transpose(0, 1).matmul(rows) / Double(rows.size(0))
      let difference = covariance - Tensor.eye(map.size(1), like: covariance)
      // A thousandth of the mean variance is added to every variance, which makes the smallest ones less than 1.
      #expect(difference.floats.allSatisfy { abs($0) < 0.2 })
      #expect(rows.mean([0]).floats.allSatisfy { abs($0) < 1e-3 })
      let full = white.square().mean([1], keepingDimensions: true).interpolateBilinear(height: 8, width: 8)
      energy = energy.isEmpty ? full.floats : zip(energy, full.floats).map { $0 + $1 }
    }
    let map = gaussian.map(features, height: 8, width: 8).floats
    #expect(zip(map, energy).allSatisfy { abs($0 - $1) < 1e-3 * max(abs($0), 1) })
  }

  @Test func trainingWhitensTheEmbeddedBackboneOnce() throws {
    let pictures = try TabletPictures(count: 8)
    var options = TabletPictures.options()
    options.backbone = "embedded"
    options.tunes = false
    options.schedule?.epochs = 1
    #expect(options.lights == nil)
    let session = try pictures.session("model", options)
    #expect(try session.run() == .finished)
    let names = session.model.backboneWeights.keys.filter { $0.hasPrefix(WhitenedBackbone.name) }
    #expect(names.count == 2 * (EmbeddedBackbone.levels.count + 1))
    #expect(session.record.lights == 4 && session.model.configuration.scoreShare == 0.005)
    let picture = try session.model.configuration.preprocessor(
      contentsOf: pictures.data + "/train/good/000.png")
    let maps = session.model.features(of: Tensor([picture]))
    for map in maps { #expect(abs(map.square().mean().item - 1) < 0.9) }
    let evidence = try #require(session.model.evidence(in: Tensor([picture])).ofBackbone)
    #expect(evidence.shape == [1, 1, maps[0].size(2), maps[0].size(3)])
    #expect(abs(evidence.square().mean().item - 1) < 0.9)
    let read = try Model(contentsOf: pictures.folder + "/model")
    #expect(read.features(of: Tensor([picture])).map(\.floats) == maps.map(\.floats))
    #expect(read.evidence(in: Tensor([picture])).ofBackbone?.floats == evidence.floats)
  }

  @Test func theEmbeddedBackbonesEvidenceJoinsTheFeaturesOfAnother() throws {
    let pictures = try TabletPictures(count: 8)
    var options = TabletPictures.options()
    options.joinsEvidence = true
    options.tunes = false
    let session = try pictures.session("model", options)
    #expect(try session.run() == .finished)
    #expect(session.record.joinsEvidence == true && session.model.backbone.givesEvidence)
    let path = pictures.data + "/train/good/000.png"
    let model = try Model(contentsOf: pictures.folder + "/model", ModelReading(detectors: .standard))
    let frame = try model.configuration.preprocessor(contentsOf: path)
    let evidence = model.evidence(in: Tensor([frame]))
    #expect(evidence.ofBackbone?.shape == [1, 1, 16, 16])
    let isJoined = evidence.joined[0].floats != evidence.response.scales[0].floats
    #expect(isJoined)
    #expect(try model.inspect([frame])[0].score == session.model.inspect([frame])[0].score)
    options.joinsEvidence = false
    #expect(try pictures.session("other", options).model.backbone.givesEvidence == false)
  }

  @Test func everyPictureIsSeenInSeveralLights() throws {
    let pictures = try TabletPictures(count: 6)
    let model = try pictures.session("model", TabletPictures.options()).model
    let paths = (0..<3).map { pictures.data + "/train/good/00\($0).png" }
    let read = try TrainingPictures.read(paths, [model.configuration.preprocessor], memoryLimit: 1 << 30)[0]
    let plain = try TrainingFeatures(of: read, [0, 1, 2], model: model)
    let lit = try TrainingFeatures(of: read, [0, 1, 2], versions: 3, model: model)
    #expect(lit.count == 9 && lit.pictureCount == 9)
    let all = try lit.batch(Array(0..<9))[0]
    for picture in 0..<3 {
      let asItIs = try plain.batch([picture])[0].floats
      #expect(all.select(0, 3 * picture).floats == asItIs)
      #expect(all.select(0, 3 * picture + 1).floats != asItIs)
      #expect(all.select(0, 3 * picture + 1).floats != all.select(0, 3 * picture + 2).floats)
    }
    let again = try TrainingFeatures(of: read, [0, 1, 2], versions: 3, model: model, memoryLimit: 0)
    #expect(try again.batch([4])[0].floats == lit.batch([4])[0].floats)
  }
}
