import BlemishBackbones
import BlemishCore
import BlemishDetectors
import BlemishImaging
import BlemishSupport
import BlemishTorch
import BlemishWeights

/// What a user decides about a training.
public struct TrainingOptions: Sendable {
  /// The detectors that can be named.
  public var detectors = DetectorCatalogue.standard
  /// The backbones that can be named.
  public var backbones = BackboneCatalogue.standard
  /// The detector's name in the catalogue.
  public var detector = DetectorCatalogue.standard.defaultName
  /// The backbone's name in the catalogue.
  public var backbone = BackboneCatalogue.standard.defaultName
  /// Whether the embedded backbone's evidence joins the features of another; without effect on the embedded one, which
  /// gives its own.
  public var joinsEvidence = false
  /// In how many lights every training picture is seen, the first time as it is: what changes with the lamps is then no
  /// hard fact of good pictures. Nil for the usual: four where a detector is trained by steps on whitened features, else one.
  public var lights: Int?
  /// Files with the backbone's weights.
  public var weights: [String] = []
  /// Whether the backbone's weights go into the model file.
  public var embedsBackbone = true
  /// The size of the pictures at the backbone; nil for the detector's choice.
  public var size: RequestedSize?
  /// The side of the overlapping tiles that pictures are seen in, at their own resolution where ``size`` is nil;
  /// nil to see pictures whole.
  public var tile: Int?
  /// How the flow is trained; nil for the detector's published schedule.
  public var schedule: TrainingSchedule?
  /// The detector's own configuration, in JSON; nil for the published one.
  public var detectorConfiguration: String?
  /// The seed of everything that is drawn.
  public var seed: UInt64 = 0
  /// The part of the good pictures that is held out to choose the epoch.
  public var heldOut = 0.2
  /// How the epoch is chosen.
  public var selection = EpochSelection.likelihood
  /// At how many false alarms per good picture the model decides.
  public var operatingPoint = OperatingPoint.production
  /// Where tensors live.
  public var device = Device.cpu
  /// Whether the backbone is tuned on the good training pictures first; nil for the backbone's habit.
  public var tunes: Bool?
  /// How it is tuned.
  public var tuning = TuningOptions()
  /// A folder in which tuned weights are kept for other trainings that tune in the same way; nil for none.
  public var tuningFolder: String?
  /// How many bytes of features may stay on disk for later trainings; 0 for none.
  public var cacheLimit = 0
  /// Where they lie; nil for the user's cache folder.
  public var cacheFolder: String?
  /// With how many bits features are kept between the backbone and the flow, on disk and in memory.
  public var featurePrecision = FeaturePrecision.float16
  /// With what numbers backbone and flow compute, and in what the backbone is tuned.
  public var precision = Precision.auto
  /// Seconds between checkpoints.
  public var checkpointInterval = 180.0
  /// The most pixels that a picture may have to be decoded.
  public var maximumPixels = Picture.maximumPixelCount
  /// The samples that are black and white, for TIFF files of floating-point, signed or 32-bit numbers.
  public var sampleRange: ClosedRange<Double>?
  /// Outside it nothing is learnt from; nil where all of a picture matters.
  public var regionOfInterest: RegionOfInterest?
  /// Whether a file is replaced that Blemish has not written as a model; devices never are.
  public var replacesForeignFiles = false
  /// A folder for event files that TensorBoard shows; nil for none.
  public var tensorBoard: String?

  /// The published choices.
  public init() {}

  /// Which files a model may take the place of.
  package var replacement: AtomicFile.Replacement { .own([.model], force: replacesForeignFiles) }

  /// Sets the flow and how it is trained by what settings say, the first that say something, else as the detector was
  /// published and the backbone wants it. Detector and backbone are set before.
  /// - Throws: `DetectorError` and `BackboneError` where one of them has no such name.
  public mutating func apply(_ settings: [PublishedSettings]) throws {
    func first<Value>(_ value: (PublishedSettings) -> Value?) -> Value? {
      settings.lazy.compactMap(value).first
    }
    if let configuration = first(\.configuration) { detectorConfiguration = configuration }
    guard let published = (try detectors.named(detector) as? any GradientFitted.Type)?.schedule else {
      return
    }
    let epochs = try first(\.epochs) ?? backbones.named(backbone).epochs
    var schedule = published.lasting(epochs ?? published.epochs)
    schedule.batch = first(\.batch) ?? schedule.batch
    schedule.learningRate = first(\.learningRate) ?? schedule.learningRate
    schedule.weightDecay = first(\.weightDecay) ?? schedule.weightDecay
    self.schedule = schedule
  }
}

extension TrainingOptions {
  /// In how many lights every training picture is seen.
  /// - Throws: `DetectorError` where there is no such detector.
  package func lights(for backbone: BackboneDescription) throws -> Int {
    let isTrained = try detectors.named(detector) is any GradientFitted.Type
    return max(lights ?? (isTrained && backbone.isWhitened ? 4 : 1), 1)
  }

  /// The files with the backbone's weights: those that are named, else those in the cache.
  /// - Throws: an error that names a file that cannot be read.
  func loadedWeights(of backbone: BackboneDescription) throws -> [LoadedWeights] {
    try weights.isEmpty ? backbone.cachedWeights() : weights.map(LoadedWeights.init(path:))
  }

  /// Whether the embedded backbone's evidence joins this one's features.
  func joinsEvidence(to backbone: BackboneDescription) -> Bool { joinsEvidence && backbone.builtIn == nil }

  /// What a model records of the weights that its backbone begins with; nil where they are drawn.
  /// - Throws: an error that names what is missing or cannot be read.
  package func backboneHash() throws -> String? {
    let backbone = try backbones.named(backbone)
    let weights = try backbone.stateDict(from: loadedWeights(of: backbone).map(\.file))
    return Model.backboneHash(of: joinsEvidence(to: backbone) ? try backbone.joined(weights) : weights)
  }
}
