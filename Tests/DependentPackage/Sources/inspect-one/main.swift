import Blemish
import Foundation

// Judges a picture and no more: writes a model that has learnt nothing yet, reads it as a program would that was
// given one, and lets eight tasks judge the same picture at once.
let file = NSTemporaryDirectory() + "inspect-one-\(UUID().uuidString).blemish"
defer { try? FileManager.default.removeItem(atPath: file) }
try Model(
  detector: UFlow.self, backbone: BackboneCatalogue.standard.named("seeded"), height: 64, width: 64,
  parameters: Parameters(seed: 0)
).write(to: file)

let model = try Model(contentsOf: file)
let frame = try model.configuration.preprocessor(stripes(width: 96, height: 80), from: "stripes")
var findings: [FindingJSON] = []
try await withThrowingTaskGroup(of: FindingJSON.self) { group in
  for _ in 0..<8 {
    group.addTask {
      FindingJSON(try Finding(model.inspect([frame])[0]), time: Date(timeIntervalSince1970: 0))
    }
  }
  for try await finding in group { findings.append(finding) }
}
guard let first = findings.first, findings.count == 8, first.logNFA.isFinite else {
  fatalError("the model says nothing of the picture")
}
guard findings.allSatisfy({ $0 == first }) else { fatalError("eight tasks do not say the same: \(findings)") }
print(first.verdict.rawValue, first.line)

/// A picture of grey stripes with a bright spot.
func stripes(width: Int, height: Int) -> Picture {
  let samples = (0..<height * width).flatMap { pixel -> [UInt8] in
    let (x, y) = (pixel % width, pixel / width)
    let isSpot = (40..<52).contains(x) && (30..<38).contains(y)
    let grey: UInt8 = isSpot ? 240 : UInt8(96 + 40 * (x / 8 % 2) + y / 4)
    return [grey, grey, grey]
  }
  return Picture(width: width, height: height, channels: 3, samples: .eightBit(samples))
}
