import Blemish
import Foundation

/// What was found in a picture, in the forms in which it is answered and kept. It does not hold the picture itself.
public struct Judgement: Sendable {
  /// What `predict --json` prints.
  public let finding: FindingJSON
  /// What is said of the picture.
  public let verdict: Verdict
  /// The model that judged.
  public let model: ServedModel
  /// The number of false alarms per good picture below which a region makes the picture anomalous.
  public let falseAlarms: Double
  /// The number below which a region makes it one to review.
  public let review: Double
  /// When.
  public let time: Date
  /// For how many seconds the picture was decoded and judged.
  public let seconds: Double
  /// The anomaly map as a grey JPEG, 0 to 1, at the size at which the test evaluates it.
  public let map: [UInt8]
  /// The regions as a grey PNG at the picture's own size: 255 where they make it anomalous, 128 where they are to be
  /// reviewed; nil where there are none.
  public let mask: [UInt8]?
  /// The anomaly map itself, `[height, width]`, where it was asked for.
  public let anomalyMap: ScoreMap?
  /// The mask itself, where it was asked for.
  public let pixels: Picture?
}

/// What is to be judged.
public struct JudgementRequest: Sendable {
  /// A picture.
  public enum Content: Sendable {
    /// A file of a picture.
    case encoded([UInt8])
    /// A picture that is decoded.
    case decoded(Picture)
  }

  /// The picture.
  public var content: Content
  /// What the picture is called.
  public var name: String
  /// By what it is decided; nil for the model's way.
  public var options: InspectionOptions?
  /// Whether the maps themselves are wanted, not only their pictures.
  public var keepsMaps = false

  /// A picture to judge.
  public init(_ content: Content, name: String, options: InspectionOptions? = nil) {
    self.content = content
    self.name = name
    self.options = options
  }
}

extension ServedModel {
  /// Prepares a picture.
  /// - Throws: `PictureError` or `PictureSizeError`.
  func frame(of request: JudgementRequest) throws -> Frame {
    let preprocessor = model.configuration.preprocessor
    switch request.content {
    case .decoded(let picture): return try preprocessor(picture, from: request.name)
    case .encoded(let bytes):
      let options = DecodingOptions(maximumPixels: preprocessor.maximumPixels)
      return try preprocessor(
        Picture(decoding: bytes, name: request.name, options: options), from: request.name)
    }
  }

  /// Judges pictures of one batch.
  func judge(_ requests: [JudgementRequest]) -> [Result<Judgement, any Error>] {
    let start = ContinuousClock.now
    let frames = requests.map { request in Result { try frame(of: request) } }
    // Requests with the same options are one batch.
    var results = [Result<Judgement, any Error>?](repeating: nil, count: requests.count)
    var rest = Array(requests.indices)
    while let first = rest.first {
      let options = requests[first].options ?? self.options
      let same = rest.filter { (requests[$0].options ?? self.options) == options }
      rest.removeAll(where: same.contains)
      let inspections = model.inspectEach(same.map { frames[$0] }, options: options)
      for (index, inspection) in zip(same, inspections) {
        results[index] = Result {
          try judgement(inspection.get(), of: requests[index], options: options, since: start)
        }
      }
    }
    return results.map { $0! }
  }

  private func judgement(
    _ inspection: Inspection, of request: JudgementRequest, options: InspectionOptions,
    since start: ContinuousClock.Instant
  ) throws -> Judgement {
    let found = try Finding(inspection)
    let map = try inspection.anomalyMap.greyPicture.jpegData(quality: 85)
    let mask = found.regions.isEmpty ? nil : try found.levels.pngData()
    let now = Date()
    return Judgement(
      finding: FindingJSON(found, model: model.configuration.file, time: now), verdict: found.verdict,
      model: self,
      falseAlarms: inspection.rule.operatingPoint.falseAlarms, review: inspection.rule.operatingPoint.review,
      time: now,
      seconds: start.duration(to: .now) / .seconds(1), map: [UInt8](map), mask: mask.map { [UInt8]($0) },
      anomalyMap: request.keepsMaps ? inspection.anomalyMap : nil,
      pixels: request.keepsMaps ? found.levels : nil)
  }
}

extension Finding {
  /// The regions as grey values: 255 where they make the picture anomalous, 128 where they are to be reviewed.
  var levels: Picture {
    let samples = zip(mask.pixels, reviewMask.pixels).map { UInt8($0 ? 255 : $1 ? 128 : 0) }
    return Picture(width: mask.width, height: mask.height, channels: 1, samples: .eightBit(samples))
  }
}

extension ScoreMap {
  /// The map as grey values, 0 to 1.
  var greyPicture: Picture {
    Picture(
      width: width, height: height, channels: 1,
      samples: .eightBit(values.map { UInt8(min(max($0, 0), 1) * 255 + 0.5) }))
  }
}
