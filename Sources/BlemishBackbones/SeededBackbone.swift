import BlemishFiles
import BlemishTorch
import Foundation

/// The backbone for those who have no pretrained weights: oriented band-pass filters, then residual stages of
/// random convolutions. Every weight is a formula's or a fixed seed's, so nothing needs to be downloaded.
///
/// It tells textures, edges and colours apart, but not objects; pretrained weights do better.
public struct SeededBackbone: Backbone {
  static let channels = [96, 128]
  static let strides = [8, 16]

  /// The channels of the last two stages.
  public var channels: [Int] { Self.channels }
  /// Their steps in input pixels.
  public var strides: [Int] { Self.strides }

  private struct Stage {
    let entry: Tensor
    let residual: [Tensor]
  }

  private let elementType: ElementType
  private let filters: Tensor
  private let stages: [Stage]

  /// The network with the weights of its seed.
  /// - Throws: ``ParameterError`` when weights are given that do not fit.
  public init(_ path: ParameterPath) throws {
    elementType = path.productType
    filters = Self.orientedFilters().to(device: path.device).to(elementType).channelsLast()
    var inputs = 2 * Self.filterCount
    var stages: [Stage] = []
    for (index, outputs) in [64, 96, 128].enumerated() {
      func convolution(_ name: String, _ inputs: Int, gain: Double) throws -> Tensor {
        let deviation = (gain / Double(inputs * 9)).squareRoot()
        return try (path / "stages" / index)
          .constant(name, [outputs, inputs, 3, 3], .normal(standardDeviation: deviation)).to(path.productType)
          .channelsLast()
      }
      stages.append(
        Stage(
          entry: try convolution("entry", inputs, gain: 2),
          residual: [
            try convolution("residual1", outputs, gain: 2), try convolution("residual2", outputs, gain: 0.5),
          ]))
      inputs = outputs
    }
    self.stages = stages
  }

  /// The feature maps `[batch, channels, height / stride, width / stride]`, finest scale first, of normalised
  /// pictures `[batch, 3, height, width]`.
  public func callAsFunction(_ images: Tensor) -> [Tensor] {
    let bands = images.channelsLast(elementType).reflectionPad2d(Self.filterSide / 2).directConv2d(
      filters, bias: nil, stride: 2)
    // Both signs of every band, so that a bright and a dark line differ and neither is lost.
    var x = Tensor.cat([bands.relu(), (-bands).relu()], along: 1)
    return Array(
      stages.map { stage in
        x = x.reflectionPad2d(1).directConv2d(stage.entry, bias: nil, stride: 2).relu_()
        let inner = x.reflectionPad2d(1).directConv2d(stage.residual[0], bias: nil).relu_()
        x = (x + inner.reflectionPad2d(1).directConv2d(stage.residual[1], bias: nil)).relu_()
        return x.to(.float32)
      }.dropFirst())
  }

  private static let filterSide = 7
  private static let filterCount = 24

  /// Gabor filters on the luminance in four orientations, two wavelengths and two phases, then smooth and
  /// fine-grained ones on luminance and two opponent colours; `[filters, 3, side, side]`.
  private static func orientedFilters() -> Tensor {
    let half = filterSide / 2
    let opponents: [[Double]] = [[1, 1, 1], [1, -1, 0], [0.5, 0.5, -1]]
    var bank: [[Double]] = []

    func add(_ colours: [Double], _ kernel: (Double, Double) -> Double, centred: Bool) {
      var plane = (-half...half).flatMap { y in (-half...half).map { x in kernel(Double(x), Double(y)) } }
      if centred {
        let mean = plane.reduce(0, +) / Double(plane.count)
        plane = plane.map { $0 - mean }
      }
      let filter = colours.flatMap { weight in plane.map { $0 * weight } }
      let norm = filter.reduce(0) { $0 + $1 * $1 }.squareRoot()
      bank.append(filter.map { $0 / norm })
    }
    func gaussian(_ x: Double, _ y: Double, _ width: Double) -> Double {
      exp(-(x * x + y * y) / (2 * width * width))
    }

    for wavelength in [3.5, 6.0] {
      for orientation in 0..<4 {
        for phase in [0, Double.pi / 2] {
          let angle = Double(orientation) * .pi / 4
          add(
            opponents[0],
            { x, y in
              cos(2 * .pi * (x * cos(angle) + y * sin(angle)) / wavelength + phase)
                * gaussian(x, y, 0.45 * wavelength)
            }, centred: true)
        }
      }
    }
    for colours in opponents {
      add(colours, { gaussian($0, $1, 1) }, centred: false)
      add(colours, { gaussian($0, $1, 2) }, centred: false)
    }
    for width in [0.8, 1.4] {
      add(opponents[0], { gaussian($0, $1, width) - gaussian($0, $1, 2 * width) / 4 }, centred: true)
    }
    precondition(bank.count == filterCount)
    return Tensor(bank.joined().map(Float.init), shape: [filterCount, 3, filterSide, filterSide])
  }
}
