/// The features that a detector is for.
public struct FeatureDescription: Sendable, Equatable {
  /// The shapes of the backbone's feature maps, of a tile where pictures are seen in tiles, finest scale first.
  public var shapes: [FeatureShape]
  /// How many input pixels a feature's step is, finest scale first.
  public var strides: [Int]
  /// Whether the maps come out of the backbone normalised, as behind a transformer's last LayerNorm.
  public var areNormalised: Bool
  /// Whether pictures are seen in tiles, so that a place of the map is no fixed place of the picture.
  public var areOfTiles: Bool

  /// Features of these shapes.
  public init(shapes: [FeatureShape], strides: [Int], areNormalised: Bool = true, areOfTiles: Bool = false) {
    self.shapes = shapes
    self.strides = strides
    self.areNormalised = areNormalised
    self.areOfTiles = areOfTiles
  }
}

/// The shape of one of a backbone's feature maps.
public struct FeatureShape: Sendable, Codable, Equatable, CustomStringConvertible {
  /// Channels.
  public var channels: Int
  /// Rows.
  public var height: Int
  /// Columns.
  public var width: Int

  /// A shape.
  public init(channels: Int, height: Int, width: Int) {
    self.channels = channels
    self.height = height
    self.width = width
  }

  /// The shape with height and width divided, rounded up.
  public func pooled(_ side: Int) -> FeatureShape {
    FeatureShape(
      channels: channels, height: (height + side - 1) / side, width: (width + side - 1) / side)
  }

  /// The number of values.
  package var count: Int { channels * height * width }

  /// The shape in the order of a tensor's dimensions.
  public var description: String { "\(channels) x \(height) x \(width)" }
}
