import Blemish

/// A sink of somebody else's, such as a database or a machine that sorts parts: keeps what was found, by the pictures'
/// paths.
struct Tally {
  private(set) var anomalous: Set<String> = []
  private(set) var good: Set<String> = []
  private(set) var errors: [String] = []

  /// Takes in what was found in a picture.
  mutating func take(_ found: Result<Finding, any Error>) {
    switch found {
    case .success(let finding) where finding.verdict == .anomalous:
      anomalous.insert(finding.inspection.frame.path)
      let regions = finding.regions.map { "\($0.width)x\($0.height) at (\($0.x), \($0.y))" }
      print("ANOMALOUS", finding.inspection.frame.path, regions.joined(separator: ", "))
    case .success(let finding):
      good.insert(finding.inspection.frame.path)
      print("good", finding.inspection.frame.path)
    case .failure(let error):
      errors.append("\(error)")
      print("not judged:", error)
    }
  }
}
