import Torch

/// A backbone by name: what it is, where its weights come from, how it is built.
public struct BackboneDescription: Sendable {
  /// The name that commands and model files use.
  public let name: String
  /// The state dicts that it is made of: none for a backbone with seeded weights.
  public let components: [Component]
  /// The weights that are in the program, for a backbone that ships with it: it can be trained on the user's
  /// pictures.
  public var builtIn: (@Sendable () throws -> [String: StoredTensor])?
  /// The channels of each feature map, finest scale first.
  public let channels: [Int]
  /// How many input pixels a feature's step is, finest scale first.
  public let strides: [Int]
  /// The picture side to work at when the user names none.
  public let defaultSize: Int
  /// Sides of pictures are multiples of this.
  public let sizeMultiple: Int
  /// Whether U-Flow puts a trainable LayerNorm behind every feature map.
  public let normalisesFeatures: Bool
  /// Passes over the pictures that a detector on its features is trained for when the user names none; nil for as
  /// many as the detector was published with.
  public var epochs: Int?
  let build: @Sendable (ParameterPath, Padding) throws -> any Backbone
}

/// The backbones that can be named.
public enum BackboneCatalogue {
  /// Every backbone; a new one is one line here.
  public static let all: [BackboneDescription] = [
    seeded,
    embedded,
    resnet(
      "resnet18",
      .resnet18,
      file: "resnet18-f37072fd.pth",
      bytes: 46_830_571,
      hash: "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec"
    ),
    resnet(
      "resnet34",
      .resnet34,
      file: "resnet34-b627a593.pth",
      bytes: 87_300_000,
      hash: "b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f"
    ),
    resnet(
      "resnet50",
      .resnet50,
      file: "resnet50-0676ba61.pth",
      bytes: 102_530_333,
      hash: "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a"
    ),
    // torchvision's file names carry the first eight digits of the hash.
    resnet(
      "resnext50_32x4d",
      .resnext50,
      file: "resnext50_32x4d-7cdf4587.pth",
      bytes: 100_000_000,
      hash: "7cdf4587"
    ),
    resnet(
      "wide_resnet50_2",
      .wideResnet50,
      file: "wide_resnet50_2-95faca4d.pth",
      bytes: 138_000_000,
      hash: "95faca4d"
    ),
    caitPair,
  ]

  /// The published weights of all backbones.
  public static let components = all.flatMap(\.components)

  /// The backbone of those who name none: the embedded one where the program has its weights.
  public static let standard = EmbeddedWeights.arePresent ? embedded.name : seeded.name

  /// The backbone of a name.
  /// - Throws: ``BackboneError`` that lists the names there are.
  public static func named(_ name: String) throws -> BackboneDescription {
    guard let found = all.first(where: { $0.name == name }) else {
      throw BackboneError(
        "There is no backbone '\(name)'; there are \(all.map(\.name).joined(separator: ", "))."
      )
    }
    return found
  }

  private static let embedded = BackboneDescription(
    name: "embedded",
    components: [],
    builtIn: EmbeddedWeights.stateDict,
    channels: EmbeddedBackbone.channels(.standard),
    strides: EmbeddedBackbone.strides(.standard),
    defaultSize: 256,
    sizeMultiple: EmbeddedArchitecture.standard.strides.last ?? 1,
    normalisesFeatures: false,
    epochs: 10
  ) { path, _ in try EmbeddedBackbone(path) }

  private static let seeded = BackboneDescription(
    name: "seeded",
    components: [],
    channels: SeededBackbone.channels,
    strides: SeededBackbone.strides,
    defaultSize: 256,
    sizeMultiple: 16,
    normalisesFeatures: true
  ) { path, _ in try SeededBackbone(path) }

  /// The weights are torchvision's first ones (`IMAGENET1K_V1`), the kind that MSFlow's published code names.
  /// Others of the same architecture load as well and give other features: torchvision's second ones, and timm's
  /// defaults, which differ between timm's versions and are what U-Flow's published code takes.
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
    let component = BackboneDescription.Component(
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
      normalisesFeatures: true
    ) { path, padding in
      try ResNet(path, configuration, padding: padding)
    }
  }

  private static let caitPair = BackboneDescription(
    name: "mcait",
    components: [component(.m48, bytes: 1_426_000_000), component(.s24, bytes: 187_700_000)],
    channels: CaiTPair.channels,
    strides: CaiTPair.strides,
    defaultSize: 448,
    sizeMultiple: 32,
    normalisesFeatures: false
  ) { path, _ in try CaiTPair(path) }

  private static func component(
    _ configuration: CaiT.Configuration,
    bytes: Int
  ) -> BackboneDescription.Component {
    let tokens = (configuration.imageSize / CaiT.patch) * (configuration.imageSize / CaiT.patch)
    return .init(
      name: configuration.name,
      source: .init(
        address:
          "https://huggingface.co/timm/\(configuration.name).fb_dist_in1k/resolve/main/model.safetensors",
        bytes: bytes,
        licence: "Apache-2.0 (timm); trained on ImageNet",
        hash: nil
      ),
      marks: [("pos_embed", [1, tokens, configuration.width])],
      absent: nil,
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

extension BackboneDescription {
  /// The tensors that the backbone uses, out of state-dict files: their names get the component's name in front
  /// where the backbone has several.
  /// - Throws: ``BackboneError`` when a component is missing, and says where its weights can be had, or where files have
  ///   no use.
  public func stateDict(from files: [WeightFile]) throws -> [String: StoredTensor] {
    if let builtIn {
      guard files.count <= 1 else {
        throw BackboneError("The backbone \(name) takes one file of weights, not \(files.count).")
      }
      // A checkpoint of a pretraining holds the optimiser's state beside the network.
      return try files.first?.tensors.filter { !$0.key.hasPrefix("optimizer.") } ?? builtIn()
    }
    guard !components.isEmpty || files.isEmpty else {
      throw BackboneError("The backbone \(name) takes no weights: they are drawn from a fixed seed.")
    }
    var result: [String: StoredTensor] = [:]
    for component in components {
      let prefix = components.count > 1 ? component.name + "." : ""
      guard let tensors = try files.compactMap({ try component.tensors(in: $0.tensors) }).first else {
        throw BackboneError(missing(component, from: files))
      }
      for (name, tensor) in tensors { result[prefix + name] = tensor }
    }
    return result
  }

  /// The tensors of each component, in the order of ``components``, under their published names, out of what
  /// ``stateDict(from:)`` gave.
  public func componentStateDicts(of stateDict: [String: StoredTensor]) -> [[String: StoredTensor]] {
    guard components.count > 1 else { return components.map { _ in stateDict } }
    return components.map { component in
      var result: [String: StoredTensor] = [:]
      for (name, tensor) in stateDict where name.hasPrefix(component.name + ".") {
        result[String(name.dropFirst(component.name.count + 1))] = tensor
      }
      return result
    }
  }

  private func missing(_ component: Component, from files: [WeightFile]) -> String {
    let what =
      switch files.count {
      case 0: "The backbone \(name) needs the ImageNet weights of \(component.name)"
      case 1:
        "The file given with --weights is not \(component.name): "
          + component.difference(from: files[0].tensors)
      default: "None of the files given with --weights holds the weights of \(component.name)"
      }
    return what + ". 'blemish backbones pull \(component.name)' fetches them from "
      + "\(component.source.address); a file of them goes to --weights FILE or 'blemish backbones import FILE'. "
      + "Without weights, use --backbone \(BackboneCatalogue.standard)."
  }

  /// Builds the backbone from the tensors that ``stateDict(from:)`` gave; without components, from its seed.
  /// - Throws: ``ParameterError`` when a tensor is missing, has another shape, or is not finite.
  public func build(
    _ stateDict: [String: StoredTensor],
    padding: Padding = .zeros,
    precision: Precision = .auto,
    device: Device = .cpu
  ) throws -> any Backbone {
    guard !components.isEmpty || builtIn != nil else {
      return try buildGenerated(padding: padding, precision: precision, device: device)
    }
    let parameters = Parameters(
      stateDict, device: device, productType: self.precision(precision, on: device).elementType,
      keepingConstants: false)
    return try withoutGradient { try build(parameters.root, padding) }
  }

  /// Builds the backbone with weights that are drawn: as fast as with pretrained ones, and blind.
  /// - Throws: ``ParameterError``.
  public func buildGenerated(
    padding: Padding = .zeros, precision: Precision = .auto, device: Device = .cpu
  ) throws -> any Backbone {
    let parameters = Parameters(
      seed: Self.seed, device: device, productType: self.precision(precision, on: device).elementType,
      keepingConstants: false)
    return try withoutGradient { try build(parameters.root, padding) }
  }

  /// What a choice means for this backbone on a device. What numbers of 16 bits do to scores was measured with the
  /// embedded one alone.
  public func precision(_ choice: Precision, on device: Device) -> Precision {
    guard choice == .auto else { return choice }
    return builtIn == nil ? .float32 : .fastest(on: device)
  }

  /// The seed of the backbones whose weights are drawn.
  private static let seed: UInt64 = 20_221_122
}
