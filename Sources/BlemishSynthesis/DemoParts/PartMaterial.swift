import BlemishImaging
import BlemishSupport

/// The kinds of parts that the program can draw.
public enum PartMaterial: String, CaseIterable, Sendable {
  /// A turned, brushed steel washer.
  case metalDisc = "metal_disc"
  /// A blue twill.
  case cloth
  /// A printed circuit board.
  case circuitBoard = "circuit_board"
  /// A planed oak plate.
  case wood
  /// A sheet punched with hexagons.
  case mesh
  /// A pressed tablet.
  case tablet
  /// A machined bolt in a holder under a fixed lamp: its good pictures vary as little as those of a real line.
  case threadedBolt = "threaded_bolt"

  /// Whether lamp, camera and part keep their places. Otherwise light and pose change from picture to picture.
  public var isFixed: Bool { self == .threadedBolt }

  /// The defects that occur in this kind of part.
  public var defects: [DefectKind] {
    switch self {
    case .metalDisc: [.scratch, .dent, .stain]
    case .cloth: [.pulledThread, .hole, .stain, .fibre]
    case .circuitBoard: [.missingPart, .shaving, .scratch]
    case .wood: [.crack, .scratch, .stain]
    case .mesh: [.brokenStrut, .fibre, .shaving]
    case .tablet: [.crack, .chip, .stain]
    case .threadedBolt: [.flattenedThread, .scratch, .dent, .stain]
    }
  }

  /// Draws one specimen under its own light, in its own pose, with its own noise.
  ///
  /// - Parameters:
  ///   - size: width and height in pixels.
  ///   - defect: a defect to plant, one of `defects`; `nil` for a good part.
  ///   - name: together with the seed decides everything about the specimen.
  ///   - seed: the same seed gives the same picture to the byte.
  /// - Returns: The picture (red, green, blue) and which of its pixels the defect has changed.
  public func draw(
    size: Int,
    defect: DefectKind? = nil,
    name: String,
    seed: UInt64
  ) -> (picture: Picture, mask: Mask) {
    precondition(size > 0, "a picture has at least one pixel")
    var generator = SplitMix64(name: "\(rawValue)/\(defect?.rawValue ?? "good")/\(name)", seed: seed)
    let pose = Pose(&generator, fixed: isFixed)
    let exposure = isFixed ? Exposure(fixed: &generator) : Exposure(&generator)
    var grid = surfaceGrid(size: size, pose: pose, defect: defect, &generator)
    if let defect { PlantedDefect.plant(defect, in: &grid, grain: self == .wood ? [1, 0] : nil, &generator) }
    let picture = Picture(
      width: size,
      height: size,
      channels: 3,
      samples: .eightBit(exposure.photograph(grid, &generator))
    )
    return (picture, Mask(width: size, height: size, pixels: grid.points.map { $0.defect >= 0.35 }))
  }

  private func surfaceGrid(
    size: Int,
    pose: Pose,
    defect: DefectKind?,
    _ generator: inout SplitMix64
  ) -> SurfaceGrid {
    switch self {
    case .metalDisc: SurfaceGrid(MetalDisc(&generator), size: size, pose: pose)
    case .cloth: SurfaceGrid(Cloth(&generator, pulledThread: defect == .pulledThread), size: size, pose: pose)
    case .circuitBoard:
      SurfaceGrid(CircuitBoard(&generator, missingPart: defect == .missingPart), size: size, pose: pose)
    case .wood: SurfaceGrid(WoodPlate(&generator), size: size, pose: pose)
    case .mesh:
      SurfaceGrid(HexagonalMesh(&generator, brokenStrut: defect == .brokenStrut), size: size, pose: pose)
    case .tablet: SurfaceGrid(Tablet(&generator), size: size, pose: pose)
    case .threadedBolt:
      SurfaceGrid(
        ThreadedBolt(&generator, flattenedThread: defect == .flattenedThread), size: size, pose: pose)
    }
  }
}
