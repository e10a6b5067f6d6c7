import BlemishImaging

/// An inspection with its regions at the picture's own size: what a person or a program is told.
public struct Finding: Sendable {
  /// What the model says of the picture.
  public let inspection: Inspection
  /// The regions in the picture's own pixels, the most significant first: those that make it anomalous, then those that
  /// are to be reviewed.
  public let regions: [FoundRegion]
  /// How many regions are so small that they are not among ``regions``.
  public let smallRegions: Int
  /// The pixels of the regions that make the picture anomalous, at the picture's own size.
  public let mask: Mask
  /// The pixels of the regions that are to be reviewed, at the picture's own size.
  public let reviewMask: Mask
  /// The outlines of all regions, small ones too; nil where the test's regions are what they are.
  public let outlines: Outlines?

  /// The pixels of both.
  public var drawn: Mask {
    Mask(
      width: mask.width, height: mask.height, pixels: zip(mask.pixels, reviewMask.pixels).map { $0 || $1 })
  }

  /// What is said of the picture: the inspection's verdict, but for a picture that is unlike those that the model was
  /// trained on.
  public var verdict: Verdict { inspection.unlikeness.isEmpty ? inspection.verdict : .unlike }

  /// What is found in a picture.
  /// - Parameter minimumArea: regions of fewer pixels are not listed, unless no region would be; nil for what one cell of
  ///   the test's finest grid covers.
  /// - Throws: `AContrarioError` where the picture's size is none.
  public init(_ inspection: Inspection, minimumArea: Int? = nil) throws {
    self.inspection = inspection
    let (height, width) = (inspection.frame.height, inspection.frame.width)
    let point = inspection.rule.operatingPoint
    let least = minimumArea ?? inspection.cellArea(height: height, width: width)
    if let outlines = try inspection.outlines() {
      mask = outlines.mask(of: .anomalous)
      reviewMask = outlines.mask(of: .review)
      // A thin defect fills less than a cell in which it is found.
      let large = zip(outlines.regions, outlines.foundAreas).filter {
        (minimumArea == nil ? $1 : $0.area) >= least
      }.map(\.0)
      self.regions = large.isEmpty ? Array(outlines.regions.prefix(1)) : large
      self.outlines = outlines
      smallRegions = outlines.regions.count - self.regions.count
      return
    }
    outlines = nil
    let generous = try inspection.segmentation(below: point.reviewLimit, height: height, width: width)
    let anomalous = generous.below(point.limit).regions(.anomalous)
    // A region that reaches further at the generous limit is there already.
    let review = generous.regions(.review)
    mask = anomalous.mask
    reviewMask = review.mask
    let all = anomalous.regions + review.regions
    let large = all.filter { $0.area >= least }
    self.regions = large.isEmpty ? Array(all.prefix(1)) : large
    smallRegions = all.count - self.regions.count
  }
}
