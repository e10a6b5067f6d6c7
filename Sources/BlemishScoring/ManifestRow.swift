/// A picture in a manifest.
public struct ManifestRow: Sendable, Equatable {
  /// Where a picture lies.
  public enum Place: Sendable, Equatable {
    /// A file.
    case file(String)
    /// An address over HTTP or HTTPS, with all that is secret in it.
    case address(String)
  }

  /// What it is called: by this its shard is found, and its result.
  public var id: String
  /// Its path as the manifest has it, or its address without what stands behind a question mark.
  public var name: String
  /// Where it lies.
  public var place: Place
  /// The model file that judges it; nil for the one that judges all.
  public var model: String?

  /// A picture; without an id it is called by its name.
  public init(id: String? = nil, name: String, place: Place, model: String? = nil) {
    self.id = id ?? name
    self.name = name
    self.place = place
    self.model = model
  }
}
