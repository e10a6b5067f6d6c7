/// The defects that the program plants in the parts it draws.
public enum DefectKind: String, CaseIterable, Sendable {
  /// A thin curved groove that lays bare brighter material.
  case scratch
  /// A jagged dark line that branches.
  case crack
  /// A blot of oil, dye or water with a darker rim.
  case stain
  /// A shallow smooth depression, seen by its shading only.
  case dent
  /// A torn hole through which the ground is seen.
  case hole
  /// A piece broken off the rim.
  case chip
  /// A hair that lies on the part.
  case fibre
  /// A shaving of bright metal that lies on the part.
  case shaving
  /// A thread pulled out of the weave.
  case pulledThread = "pulled_thread"
  /// A part missing from its pads.
  case missingPart = "missing_part"
  /// A strut torn out of the mesh.
  case brokenStrut = "broken_strut"
  /// A piece of a thread that is pressed flat.
  case flattenedThread = "flattened_thread"
}
