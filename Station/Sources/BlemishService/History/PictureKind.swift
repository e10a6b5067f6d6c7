extension InspectionRecord {
  /// Where its pictures can be had.
  var links: [String: String] {
    var links = ["self": "/api/inspections/\(id)"]
    for kind in PictureKind.allCases where kind != .picture || hasPicture {
      if hasPicture || kind == .heat || kind == .mask || kind == .map {
        links[kind.rawValue] = "/api/inspections/\(id)/\(kind.rawValue)"
      }
    }
    return links
  }

  /// Whether its picture is there.
  var hasPicture: Bool { picture != nil && !pictureMissing }
}

/// What can be seen of an inspection.
enum PictureKind: String, CaseIterable, Sendable {
  /// The picture as it came.
  case picture
  /// The picture with the heat map over it and the regions outlined.
  case overlay
  /// The anomaly map in colours.
  case heat
  /// The significant regions.
  case mask
  /// The anomaly map in grey, for programs.
  case map
}
