import BlemishSupport

extension Mask {
  /// The 8-connected regions of the mask.
  package var connectedComponents: ConnectedComponents {
    ConnectedComponents(of: pixels, width: width)
  }
}
