/// What a detector's paper measured on a whole data set, to stand beside figures measured here.
public struct PublishedFigures: Sendable, Equatable {
  /// The method as the paper calls it.
  public var method: String
  /// The published name of the data set's layout.
  public var dataset: String
  /// The means over the data set's categories, by the measures' names in JSON, such as `image_auroc`.
  public var values: [String: Double]
  /// Where they stand.
  public var source: String

  /// Figures of a paper.
  public init(method: String, dataset: String, values: [String: Double], source: String) {
    self.method = method
    self.dataset = dataset
    self.values = values
    self.source = source
  }
}
