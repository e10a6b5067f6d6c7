@testable import BlemishAContrario

extension ScaleEnergies {
  /// The energies of latent variables `[channels, height, width]`.
  init(latents: [Float], channels: Int, height: Int, width: Int) throws {
    try checkShape(channels: channels, height: height, width: width, count: latents.count)
    let pixels = height * width
    var energies = [Float](repeating: 0, count: pixels)
    for channel in 0..<channels {
      for pixel in 0..<pixels {
        let z = latents[channel * pixels + pixel]
        energies[pixel] += z * z
      }
    }
    try self.init(energies, channels: channels, height: height, width: width)
  }
}
