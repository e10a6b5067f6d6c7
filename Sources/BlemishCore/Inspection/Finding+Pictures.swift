import BlemishImaging
import Foundation

/// The colours of verdicts, which people with any colour vision tell apart (Okabe and Ito, 2008).
extension Verdict {
  /// 0xRRGGBB.
  public var color: UInt32 {
    switch self {
    case .good: 0x009E73
    case .review: 0x56B4E9
    case .anomalous: 0xE8590C
    case .unlike: 0xCC79A7
    }
  }
}

extension Finding {
  /// How many powers of ten of false alarms the heat map's scale reaches below and above the limit.
  private static let decades: Float = 3

  /// log10 NFA of every place, at the picture's own size: see ``Inspection/significance(height:width:)``.
  /// - Throws: `AContrarioError` where the picture's size is none.
  public func significance() throws -> ScoreMap {
    try inspection.significance(height: inspection.frame.height, width: inspection.frame.width)
  }

  /// The significance in colours. The limit has the middle of the scale, which reaches three powers of ten to either
  /// side; so a colour means the same on every picture, and what is usual on good parts is dark.
  /// - Throws: `AContrarioError` where the picture's size is none.
  public func heatMap() throws -> Picture {
    let limit = Float(inspection.rule.operatingPoint.limit)
    let map = try significance()
    let distance = ScoreMap(width: map.width, height: map.height, values: map.values.map { limit - $0 })
    return distance.heatMap(range: -Self.decades...Self.decades)
  }

  /// The picture in its own colours, with the regions outlined in their verdict's colour and numbered as in
  /// ``regions``. In a strip below it stand the verdict and a bar that shows how long so many pixels are.
  public func overlay() -> Picture {
    let picture = inspection.frame.picture
    let side = min(picture.width, picture.height)
    // Letters of seven pixels for sides up to 384, of a fiftieth of the side beyond.
    let scale = max(side / 350, 1)
    let margin = 3 * scale
    let letters = Canvas.textHeight(scale: scale)
    var canvas = Canvas(picture, rowsBelow: letters + 2 * margin, color: 0x202020)
    let lineWidth = max((side + 256) / 512, 1)
    canvas.outline(reviewMask, color: Verdict.review.color, lineWidth: lineWidth)
    canvas.outline(mask, color: Verdict.anomalous.color, lineWidth: lineWidth)
    for (index, region) in regions.enumerated() {
      let text = "\(index + 1)"
      let width = Canvas.textWidth(text, scale: scale) + 2 * scale
      let height = letters + 2 * scale
      let gap = 2 * lineWidth + scale
      // Beside its upper right corner; where there is no room, at the left, and inside the picture.
      let right = region.x + region.width + gap
      let x = right + width <= picture.width ? right : max(region.x - gap - width, 0)
      let y = min(max(region.y, 0), max(picture.height - height, 0))
      canvas.fill(x: x, y: y, width: width, height: height, color: 0x101010)
      canvas.write(text, x: x + scale, y: y + scale, scale: scale, color: region.verdict.color)
    }
    let top = picture.height + margin
    canvas.fill(x: margin, y: top, width: letters, height: letters, color: verdict.color)
    let start = margin + letters + margin
    let bar = Self.barLength(picture.width / 5)
    let barText = "\(bar) PX"
    let end = picture.width - margin - max(bar, Canvas.textWidth(barText, scale: scale))
    let value = String(format: "%.1f", inspection.logNFA)
    let text =
      [" \(verdict.rawValue)  LOG NFA \(value)", " \(verdict.rawValue)", ""]
      .first { start + Canvas.textWidth($0, scale: scale) + margin <= end } ?? ""
    canvas.write(text.trimmingCharacters(in: .whitespaces), x: start, y: top, scale: scale, color: 0xFFFFFF)
    if end > start {
      canvas.write(barText, x: end, y: top - scale, scale: scale, color: 0xFFFFFF)
      canvas.fill(
        x: picture.width - margin - bar, y: top + letters, width: bar, height: max(scale, 1), color: 0xFFFFFF)
    }
    return canvas.picture
  }

  /// The longest round length, 1, 2 or 5 times a power of ten, that is at most this.
  private static func barLength(_ most: Int) -> Int {
    guard most > 1 else { return 1 }
    let power = Int(pow(10, floor(log10(Double(most)))))
    return [5, 2, 1].map { $0 * power }.first { $0 <= most } ?? 1
  }
}
