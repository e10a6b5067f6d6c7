/// The energies of one scale of one picture: what the a contrario tests need of a detector.
///
/// Energy: the squared norm of a detector's response over its channels, at every pixel of the scale's grid. For a
/// flow it is the sum of z² over channels. Where every z is standard normal and independent, the energy is
/// chi-square with ``channels`` degrees of freedom; the published test takes it so. The calibrated test learns the
/// law of the energies of any detector.
public struct ScaleEnergies: Sendable {
  /// The channels that were summed over. An ordinary energy is of this size: below a thousandth of it the
  /// calibrated test tells energies apart no more (``CalibratedTest/Constants/leastEnergyPerChannel``).
  public let channels: Int
  /// Rows of the grid.
  public let height: Int
  /// Columns of the grid.
  public let width: Int
  /// The energies, `[height, width]`, row-major.
  public let values: [Float]

  /// The energies of one scale of one picture.
  ///
  /// - Parameters:
  ///   - values: the energies, `[height, width]`, row-major.
  ///   - channels: the channels that were summed over.
  ///   - height: rows of the grid.
  ///   - width: columns of the grid.
  /// - Throws: ``AContrarioError`` where the count does not fit the shape or an energy is not finite.
  public init(_ values: [Float], channels: Int, height: Int, width: Int) throws(AContrarioError) {
    guard channels > 0 else {
      throw .invalidShape(.init(channels: channels, height: height, width: width))
    }
    try checkShape(height: height, width: width, count: values.count)
    if let index = values.firstIndex(where: { !$0.isFinite }) { throw .notFinite(index: index) }
    self.channels = channels
    self.height = height
    self.width = width
    self.values = values
  }
}
