import GoldenCases
import Testing

@Suite struct GoldenCasesTests {
  @Test func everyGroupHasCases() {
    for group in ["backbone/", "uflow/", "nfa/", "metrics/", "msflow/", "preprocess/"] {
      #expect(!Golden.cases(group).isEmpty, "\(group)")
    }
  }

  @Test(arguments: Golden.cases()) func theFileHasTheTensorsThatTheIndexLists(_ golden: GoldenCase) throws {
    #expect(Set(try golden.tensors().keys) == golden.tensorNames)
  }

  /// Both flows store the weights of their small cases, so that the generator can be held against them.
  @Test(arguments: Golden.cases("uflow/") + Golden.cases("msflow/"))
  func generatedWeightsAreTheStoredOnes(_ golden: GoldenCase) throws {
    let weights = try golden.weights()
    for (key, expected) in weights {
      var prefix = try golden.setting("prefix").text
      var localKey = key
      if golden.name.hasPrefix("msflow/"), let dot = key.firstIndex(of: ".") {
        prefix += "/" + key[..<dot]
        localKey = String(key[dot...].dropFirst())
      }
      let generated = try Golden.weight(prefix: prefix, key: localKey, shape: expected.shape)
      #expect(generated.elementType == expected.elementType, "\(key)")
      expectClose(generated.floats(), expected.floats(), relativeTolerance: 1e-6, key)
    }
  }

  /// Bicubic subsampling with aligned corners keeps the corners, which tells the kind of the generated input.
  @Test(arguments: Golden.cases("backbone/mcait_subsample"))
  func theGeneratedInputHasTheRecordedCorners(_ golden: GoldenCase) throws {
    let half = try golden.tensor("half").floats()
    let input = Golden.uniform("mcait/input", 448)
    #expect(half[0] == input[0])
    #expect(abs(half[223] - input[447]) < 1e-5)
  }
}
