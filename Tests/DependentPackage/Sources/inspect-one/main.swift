import Backbones
import Blemish
import Datasets
import Torch

// Draws a picture of a part and lets a model that has learnt nothing yet say what it makes of it.
let model = try Model(
  detector: UFlow.self,
  backbone: BackboneCatalogue.named(BackboneCatalogue.standard),
  weights: [],
  height: 64,
  width: 64,
  parameters: Parameters(seed: 0)
)
let picture = PartMaterial.cloth.draw(size: 64, name: "one", seed: 0).picture
let prepared = try model.configuration.prepare(picture, path: "generated")
guard let inspection = try model.inspect([prepared]).first, inspection.logNFA.isFinite else {
  fatalError("the model says nothing of the picture")
}
print("Blemish \(blemishVersion) as a dependency: score \(inspection.score), log NFA \(inspection.logNFA)")
