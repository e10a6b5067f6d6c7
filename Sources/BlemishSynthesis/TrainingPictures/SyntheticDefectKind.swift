/// The kinds of alterations that are planted.
public enum SyntheticDefectKind: String, Sendable, Codable, CaseIterable, CodingKeyRepresentable {
  /// A thin line that wanders, as cracks and scratches do.
  case line
  /// An irregular spot of other brightness or colour, sometimes with a texture of its own.
  case blob
  /// A piece of another picture.
  case foreignPiece
  /// A piece of the same picture, shifted or turned.
  case ownPiece
  /// A patch out of focus.
  case blur
  /// A patch that is distorted.
  case warp
  /// A broad and faint spot with a soft edge.
  case stain
  /// A patch of noise over the surface.
  case noise
  /// A group of dots.
  case dots
  /// A patch that is darker, or of another contrast.
  case tone
  /// A part of the surface, up to half of it, beyond an edge that crosses the picture: as if worked otherwise.
  case area
}
