import Torch

/// A backbone by name: what it is, where its weights come from, how it is built.
public struct BackboneDescription: Sendable {
  /// The name that commands and model files use.
  public let name: String
  /// The state dicts that it is made of: none for a backbone with seeded weights.
  public let components: [Component]
  /// The picture side to work at when the user names none.
  public let defaultSize: Int
  /// Sides of pictures are multiples of this.
  public let sizeMultiple: Int
  /// Whether U-Flow puts a trainable LayerNorm behind every feature map.
  public let normalisesFeatures: Bool
  let build: @Sendable (ParameterPath, Padding) throws -> any Backbone

  /// One state dict of a backbone.
  public struct Component: Sendable {
    /// The published name of the weights.
    public let name: String
    /// A tensor that tells this component's file from the others', with its shape.
    let mark: (name: String, shape: [Int])
    /// Which of the file's tensors the backbone uses.
    public let uses: @Sendable (String) -> Bool
  }
}

/// The backbones that can be named.
public enum BackboneCatalogue {
  /// Every backbone; a new one is one line here.
  public static let all: [BackboneDescription] = [
    seeded,
    resnet("resnet18", .resnet18), resnet("resnet34", .resnet34), resnet("resnet50", .resnet50),
    resnet("resnext50_32x4d", .resnext50), resnet("wide_resnet50_2", .wideResnet50), caitPair,
  ]

  /// The backbone of those who name none.
  public static let standard = seeded.name

  /// The backbone of a name.
  /// - Throws: ``BackboneError`` that lists the names there are.
  public static func named(_ name: String) throws -> BackboneDescription {
    guard let found = all.first(where: { $0.name == name }) else {
      throw BackboneError(
        "There is no backbone '\(name)'; there are \(all.map(\.name).joined(separator: ", ")).")
    }
    return found
  }

  private static let seeded = BackboneDescription(
    name: "seeded", components: [], defaultSize: 256, sizeMultiple: 16, normalisesFeatures: true
  ) { path, _ in try SeededBackbone(path) }

  private static func resnet(_ name: String, _ configuration: ResNet.Configuration) -> BackboneDescription {
    let firstBlock = configuration.bottleneck ? "layer1.0.conv2.weight" : "layer3.1.conv1.weight"
    let width = 64 * configuration.widthPerGroup / 64 * configuration.groups
    let shape = configuration.bottleneck ? [width, width / configuration.groups, 3, 3] : [256, 256, 3, 3]
    return BackboneDescription(
      name: name,
      components: [
        .init(name: name, mark: (firstBlock, shape)) { name in
          ["conv1.", "bn1.", "layer1.", "layer2.", "layer3."].contains(where: name.hasPrefix)
            && !name.hasSuffix("num_batches_tracked")
        }
      ], defaultSize: 256, sizeMultiple: 16, normalisesFeatures: true
    ) { path, padding in try ResNet(path, configuration, padding: padding) }
  }

  private static let caitPair = BackboneDescription(
    name: "mcait", components: [.m48, .s24].map(component), defaultSize: 448, sizeMultiple: 32,
    normalisesFeatures: false
  ) { path, _ in try CaiTPair(path) }

  private static func component(_ configuration: CaiT.Configuration) -> BackboneDescription.Component {
    let tokens = (configuration.imageSize / CaiT.patch) * (configuration.imageSize / CaiT.patch)
    return .init(name: configuration.name, mark: ("pos_embed", [1, tokens, configuration.width])) { name in
      if name.hasPrefix("blocks.") {
        return (name.split(separator: ".").dropFirst().first.flatMap { Int($0) }).map {
          $0 < configuration.blocks
        } ?? false
      }
      return ["patch_embed.", "pos_embed", "norm."].contains(where: name.hasPrefix)
    }
  }
}

extension BackboneDescription {
  /// The tensors that the backbone uses, out of state-dict files: their names get the component's name in front
  /// where the backbone has several.
  /// - Throws: ``BackboneError`` when a component is missing, and says where its weights can be had.
  public func stateDict(from files: [WeightFile]) throws -> [String: StoredTensor] {
    var result: [String: StoredTensor] = [:]
    for component in components {
      let prefix = components.count > 1 ? component.name + "." : ""
      if let file = files.first(where: { $0.tensors[component.mark.name]?.shape == component.mark.shape }) {
        for (name, tensor) in file.tensors where component.uses(name) { result[prefix + name] = tensor }
      } else if let file = files.first(where: { $0.tensors[prefix + component.mark.name] != nil }) {
        for (name, tensor) in file.tensors
        where name.hasPrefix(prefix) && component.uses(String(name.dropFirst(prefix.count))) {
          result[name] = tensor
        }
      } else {
        throw BackboneError(missing(component, hadFiles: !files.isEmpty))
      }
    }
    return result
  }

  private func missing(_ component: Component, hadFiles: Bool) -> String {
    let source =
      component.name.hasPrefix("cait")
      ? "timm publishes them as 'timm/\(component.name).fb_dist_in1k' on Hugging Face (model.safetensors)"
      : "torchvision publishes them (download.pytorch.org/models), timm too as 'timm/\(component.name)' on "
        + "Hugging Face (model.safetensors)"
    return (hadFiles
      ? "None of the files given with --weights holds the weights of \(component.name) "
        + "(no tensor '\(component.mark.name)' of shape \(component.mark.shape))"
      : "The backbone \(name) needs the ImageNet weights of \(component.name)")
      + ": \(source); give the file with --weights FILE. Without weights, use --backbone "
      + "\(BackboneCatalogue.standard)."
  }

  /// Builds the backbone from the tensors that ``stateDict(from:)`` gave; without components, from its seed.
  /// - Throws: ``ParameterError`` when a tensor is missing, has another shape, or is not finite.
  public func build(
    _ stateDict: [String: StoredTensor], padding: Padding = .zeros, device: Device = .cpu
  ) throws -> any Backbone {
    let parameters =
      components.isEmpty
      ? Parameters(seed: Self.seed, device: device) : Parameters(stateDict, device: device)
    return try withoutGradient { try build(parameters.root, padding) }
  }

  /// The seed of the backbones whose weights are drawn.
  private static let seed: UInt64 = 20_221_122
}
