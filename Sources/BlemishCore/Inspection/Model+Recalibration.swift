extension Model {
  /// The model with what its test learns anew from fresh pictures of good parts. What it had learnt before stays in it:
  /// `blemish calibrate --undo` takes it back.
  /// - Parameter progress: called with the number of pictures done.
  /// - Throws: what ``learnBackground(from:source:progress:)`` throws.
  public func recalibrated(on paths: [String], progress: (Int) -> Void = { _ in }) throws -> Model {
    var changed = self
    changed.configuration.background = try learnBackground(
      from: paths, source: .recalibrated, progress: progress)
    // Nothing is lost where the pictures turn out not to be good ones.
    changed.configuration.formerBackground = configuration.background ?? configuration.formerBackground
    return changed
  }
}
