extension BackboneDescription {
  /// The pair of transformers, from two published state dicts.
  static let caitPair = BackboneDescription(
    name: "mcait",
    components: [component(.m48, bytes: 1_426_000_000), component(.s24, bytes: 187_700_000)],
    channels: CaiTPair.channels,
    strides: CaiTPair.strides,
    defaultSize: 448,
    sizeMultiple: 32,
    featureScale: .normalised
  ) { path, _ in try CaiTPair(path) }

  private static func component(_ configuration: CaiT.Configuration, bytes: Int) -> Component {
    let tokens = (configuration.imageSize / CaiT.patch) * (configuration.imageSize / CaiT.patch)
    return Component(
      name: configuration.name,
      source: .init(
        address:
          "https://huggingface.co/timm/\(configuration.name).fb_dist_in1k/resolve/main/model.safetensors",
        bytes: bytes,
        licence: "Apache-2.0 (timm); trained on ImageNet",
        hash: nil
      ),
      marks: [("pos_embed", [1, tokens, configuration.width])],
      uses: { name in
        if name.hasPrefix("blocks.") {
          return (name.split(separator: ".").dropFirst().first.flatMap { Int($0) }).map {
            $0 < configuration.blocks
          } ?? false
        }
        return ["patch_embed.", "pos_embed", "norm."].contains(where: name.hasPrefix)
      },
      build: { _ = try CaiT($0, configuration) }
    )
  }
}
