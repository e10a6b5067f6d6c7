/// What a test finds in one picture.
public protocol TestedPicture: Sendable {
  /// log10 NFA of every region, significant or not.
  var regionLogNFAs: [Double] { get }

  /// log10 NFA of the most significant region, and of the picture.
  var mostSignificantLogNFA: Double { get }

  /// log10 NFA per pixel, `[height, width]`; the segmentation is where it is below 0.
  /// - Throws: ``AContrarioError`` where the size is none.
  func logNFA(height: Int, width: Int) throws(AContrarioError) -> [Float]
}
