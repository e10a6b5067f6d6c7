/// The backbones that can be named.
///
/// ``standard`` has those of this library. A package outside makes a larger one:
/// ```swift
/// let catalogue = try BackboneCatalogue.standard.adding(BackboneDescription(name: "mine", ...))
/// ```
public struct BackboneCatalogue: Sendable {
  /// Every backbone, in the order in which lists show them.
  public let all: [BackboneDescription]
  /// The name of the backbone to take where none is named, and none of the ``preferredNames`` has its weights.
  public let defaultName: String
  /// The names of the backbones to take where none is named, if their weights are there; the best first.
  public let preferredNames: [String]

  private init(all: [BackboneDescription], defaultName: String, preferredNames: [String]) {
    self.all = all
    self.defaultName = defaultName
    self.preferredNames = preferredNames
  }

  /// The backbones of this library. The embedded one is the default where the program has its weights.
  public static let standard = BackboneCatalogue(
    all: [
      .seeded, .embedded, .resnet18, .resnet34, .resnet50, .resnext50, .wideResnet50, .caitPair,
      .efficientNetLite0, .efficientNetLite1, .efficientNetLite2,
    ],
    defaultName: EmbeddedWeights.arePresent
      ? BackboneDescription.embedded.name : BackboneDescription.seeded.name,
    preferredNames: [BackboneDescription.efficientNetLite0.name])

  /// The catalogue with further backbones behind its own.
  /// - Throws: ``BackboneError/alreadyKnown(name:)`` where two have one name.
  public func adding(_ descriptions: BackboneDescription...) throws -> BackboneCatalogue {
    var names = Set(all.map(\.name))
    for description in descriptions where !names.insert(description.name).inserted {
      throw BackboneError.alreadyKnown(name: description.name)
    }
    return BackboneCatalogue(
      all: all + descriptions, defaultName: defaultName, preferredNames: preferredNames)
  }

  /// The published weights of all backbones.
  public var components: [BackboneDescription.Component] { all.flatMap(\.components) }

  /// The backbone of a name.
  /// - Throws: ``BackboneError/unknown(name:known:)``.
  public func named(_ name: String) throws -> BackboneDescription {
    guard let found = all.first(where: { $0.name == name }) else {
      throw BackboneError.unknown(name: name, known: all.map(\.name))
    }
    return found
  }
}

extension BackboneDescription {
  /// The backbone with the weights in the program.
  static let embedded = BackboneDescription(
    name: "embedded",
    builtIn: EmbeddedWeights.stateDict,
    channels: EmbeddedBackbone.channels(.standard),
    strides: EmbeddedBackbone.strides(.standard),
    defaultSize: 256,
    sizeMultiple: EmbeddedArchitecture.standard.strides.last ?? 1,
    featureScale: .normalised,
    epochs: 10,
    isWhitened: true
  ) { path, _ in try EmbeddedBackbone(path) }

  /// The backbone whose weights are drawn from a fixed seed.
  static let seeded = BackboneDescription(
    name: "seeded",
    channels: SeededBackbone.channels,
    strides: SeededBackbone.strides,
    defaultSize: 256,
    sizeMultiple: 16,
    featureScale: .raw
  ) { path, _ in try SeededBackbone(path) }
}
