/// The residual networks of the catalogue.
///
/// The weights are torchvision's first ones (`IMAGENET1K_V1`). Others of the same architecture load as well and give
/// other features: torchvision's second ones, and timm's defaults, which differ between timm's versions.
extension BackboneDescription {
  static let resnet18 = resnet(
    "resnet18",
    .resnet18,
    file: "resnet18-f37072fd.pth",
    bytes: 46_830_571,
    hash: "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec"
  )
  static let resnet34 = resnet(
    "resnet34",
    .resnet34,
    file: "resnet34-b627a593.pth",
    bytes: 87_300_000,
    hash: "b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f"
  )
  static let resnet50 = resnet(
    "resnet50",
    .resnet50,
    file: "resnet50-0676ba61.pth",
    bytes: 102_530_333,
    hash: "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a"
  )
  // torchvision's file names carry the first eight digits of the hash.
  static let resnext50 = resnet(
    "resnext50_32x4d",
    .resnext50,
    file: "resnext50_32x4d-7cdf4587.pth",
    bytes: 100_000_000,
    hash: "7cdf4587"
  )
  static let wideResnet50 = resnet(
    "wide_resnet50_2",
    .wideResnet50,
    file: "wide_resnet50_2-95faca4d.pth",
    bytes: 138_000_000,
    hash: "95faca4d"
  )

  private static func resnet(
    _ name: String,
    _ configuration: ResNet.Configuration,
    file: String,
    bytes: Int,
    hash: String
  ) -> BackboneDescription {
    let last = configuration.blocks[2]
    let block = "layer3.\(last - 1)"
    let planes = 256
    let width = planes * configuration.widthPerGroup / 64 * configuration.groups
    let component = Component(
      name: name,
      source: .init(
        address: "https://download.pytorch.org/models/\(file)",
        bytes: bytes,
        licence: "BSD-3-Clause (torchvision); trained on ImageNet",
        hash: hash
      ),
      marks: configuration.bottleneck
        ? [
          ("\(block).conv1.weight", [width, 4 * planes, 1, 1]),
          ("\(block).conv2.weight", [width, width / configuration.groups, 3, 3]),
        ]
        : [("\(block).conv1.weight", [planes, planes, 3, 3])],
      absent: "layer3.\(last).conv1.weight",
      uses: { name in
        ["conv1.", "bn1.", "layer1.", "layer2.", "layer3."].contains(where: name.hasPrefix)
          && !name.hasSuffix("num_batches_tracked")
      },
      build: { _ = try ResNet($0, configuration) }
    )
    return BackboneDescription(
      name: name,
      components: [component],
      channels: configuration.channels,
      strides: ResNet.strides,
      defaultSize: 256,
      sizeMultiple: 16,
      featureScale: .raw
    ) { path, padding in
      try ResNet(path, configuration, padding: padding)
    }
  }
}
