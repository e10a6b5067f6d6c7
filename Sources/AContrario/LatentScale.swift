/// What the tests need of the latent variables z of one scale of one picture.
///
/// Under the background model every z is standard normal and independent, so that the energy of a pixel, the
/// sum of z² over its channels, is chi-square with `channels` degrees of freedom.
public struct LatentScale: Sendable {
  /// Channels of z, the degrees of freedom of the energy.
  public let channels: Int
  /// Rows of the grid.
  public let height: Int
  /// Columns of the grid.
  public let width: Int
  /// The sum of z² over the channels, `[height, width]`.
  public let energy: [Float]
  /// How many channels have a z² that reaches `exceedanceQuantile`, `[height, width]`; only `BlockTest` asks.
  public let exceedances: [Int32]?

  /// The 0.9 quantile of chi-square with one degree of freedom.
  public static let exceedanceQuantile: Float = 2.705543454095404

  /// A scale from energies alone, `[height, width]`.
  ///
  /// - Throws: `AContrarioError` where the count does not fit the shape or an energy is not finite.
  public init(energy: [Float], channels: Int, height: Int, width: Int) throws(AContrarioError) {
    guard channels > 0 else { throw .wrongShape("a scale of \(channels) channels has no energy") }
    try checkShape(height: height, width: width, count: energy.count)
    if let index = energy.firstIndex(where: { !$0.isFinite }) { throw .notFinite(index: index) }
    self.channels = channels
    self.height = height
    self.width = width
    self.energy = energy
    self.exceedances = nil
  }

  /// A scale from latent variables `[channels, height, width]`, read in one pass.
  ///
  /// - Throws: `AContrarioError` where the count does not fit the shape or an energy is not finite.
  public init(
    latents: UnsafeBufferPointer<Float>,
    channels: Int,
    height: Int,
    width: Int
  ) throws(AContrarioError) {
    try checkShape(channels: channels, height: height, width: width, count: latents.count)
    let pixels = height * width
    var energy = [Float](repeating: 0, count: pixels)
    var exceedances = [Int32](repeating: 0, count: pixels)
    let quantile = Self.exceedanceQuantile
    energy.withUnsafeMutableBufferPointer { energy in
      exceedances.withUnsafeMutableBufferPointer { exceedances in
        for channel in 0..<channels {
          let plane = UnsafeBufferPointer(rebasing: latents[channel * pixels..<(channel + 1) * pixels])
          for pixel in 0..<pixels {
            let square = plane[pixel] * plane[pixel]
            energy[pixel] += square
            exceedances[pixel] &+= square >= quantile ? 1 : 0
          }
        }
      }
    }
    if let index = energy.firstIndex(where: { !$0.isFinite }) { throw .notFinite(index: index) }
    self.channels = channels
    self.height = height
    self.width = width
    self.energy = energy
    self.exceedances = exceedances
  }

  /// A scale from latent variables `[channels, height, width]`.
  ///
  /// - Throws: `AContrarioError` where the count does not fit the shape or an energy is not finite.
  public init(latents: [Float], channels: Int, height: Int, width: Int) throws(AContrarioError) {
    let result = latents.withUnsafeBufferPointer { buffer -> Result<LatentScale, AContrarioError> in
      do throws(AContrarioError) {
        return .success(
          try LatentScale(latents: buffer, channels: channels, height: height, width: width)
        )
      } catch {
        return .failure(error)
      }
    }
    self = try result.get()
  }
}
