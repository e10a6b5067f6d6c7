import Foundation
import Testing

@testable import BlemishService

@Suite struct InferenceRequestTests {
  private func read(_ json: String, _ binary: [UInt8]? = nil) throws -> InferenceRequest {
    let bytes = Array(json.utf8)
    return try InferenceRequest(
      bytes + (binary ?? []), jsonLength: binary == nil ? nil : bytes.count, maximumPixels: 100)
  }

  private func problem(_ json: String, _ binary: [UInt8]? = nil) -> String {
    do {
      _ = try read(json, binary)
      return ""
    } catch {
      return (error as? WebError)?.message ?? "another error"
    }
  }

  @Test func pixelsComeInJSONAndInBytes() throws {
    let inJSON = try read(
      #"{"id":"7","inputs":[{"name":"pixels","shape":[1,1,2,3],"datatype":"UINT8","data":[[[[1,2,3],[4,5,6]]]]}]}"#
    )
    let inBytes = try read(
      #"{"inputs":[{"name":"pixels","shape":[1,1,2,3],"datatype":"UINT8","parameters":{"binary_data_size":6}}],"outputs":[{"name":"mask","parameters":{"binary_data":true}}]}"#,
      [1, 2, 3, 4, 5, 6])
    #expect(inJSON.id == "7" && inBytes.outputs == [.init(name: "mask", isBinary: true)])
    for request in [inJSON, inBytes] {
      guard case .decoded(let picture) = request.pictures[0] else {
        Issue.record("not decoded")
        continue
      }
      #expect((picture.width, picture.height) == (2, 1) && picture.samples == .eightBit([1, 2, 3, 4, 5, 6]))
    }
  }

  @Test func picturesComeInBase64AndInBytes() throws {
    let inJSON = try read(
      #"{"inputs":[{"name":"image","shape":[2],"datatype":"BYTES","data":["AQI=","Aw=="]}]}"#)
    let inBytes = try read(
      #"{"inputs":[{"name":"image","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":11}}]}"#,
      [2, 0, 0, 0, 1, 2, 1, 0, 0, 0, 3])
    for request in [inJSON, inBytes] {
      let bytes = request.pictures.map { if case .encoded(let bytes) = $0 { bytes } else { [UInt8]() } }
      #expect(bytes == [[1, 2], [3]])
    }
  }

  @Test func whatIsWrongIsNamed() {
    #expect(problem("[]") == "the request is not a JSON object")
    #expect(problem("{}").hasPrefix("inputs must be one input"))
    let pixels = #"{"inputs":[{"name":"pixels","shape":[1,1,1,1],"datatype":"UINT8","data":"#
    #expect(problem(pixels + "[256]}]}").contains("from 0 to 255"))
    #expect(problem(pixels + "[1,2]}]}").contains("more data than"))
    #expect(problem(pixels + "[]}]}").contains("less data than"))
    #expect(problem(pixels + "[[[[[[[1]]]]]]]}]}").contains("nested too deep"))
    #expect(
      problem(#"{"inputs":[{"name":"pixels","shape":[1,50000,50000,3],"datatype":"UINT8","data":[]}]}"#)
        .contains("at most 100 pixels"))
    #expect(
      problem(
        #"{"inputs":[{"name":"pixels","shape":[9223372036854775807,1,1,1],"datatype":"UINT8","data":[]}]}"#
      )
      .contains("must have the shape"))
    let image =
      #"{"inputs":[{"name":"image","shape":[1],"datatype":"BYTES","parameters":{"binary_data_size":"#
    #expect(problem(image + "5}}]}", [9, 0, 0, 0, 1]).contains("not 1 elements"))
    #expect(problem(image + "9}}]}", [1, 0, 0, 0, 1]).contains("binary_data_size"))
    #expect(
      problem(#"{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}"#).contains("no input x"))
  }

  @Test func mutatedRequestsEndInAnErrorOrAreRead() {
    let json =
      #"{"id":"a","parameters":{"false_alarms":0.1},"inputs":[{"name":"pixels","shape":[1,1,2,1],"datatype":"UINT8","data":[1,2]}],"outputs":[{"name":"mask"}]}"#
    let body = Array(json.utf8)
    var random = SystemRandomNumberGenerator()
    for _ in 0..<5_000 {
      var changed = body
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: changed.indices, using: &random)
        if Bool.random(using: &random) {
          changed[place] = Array("0123456789-e.[]{}\",:ntf".utf8).randomElement(using: &random)!
        } else {
          changed.insert(changed.randomElement(using: &random)!, at: place)
        }
      }
      _ = try? InferenceRequest(
        changed, jsonLength: Bool.random() ? nil : Int.random(in: -5...200), maximumPixels: 100)
    }
  }

  @Test func outputsAreLittleEndian() {
    let numbers = TensorData(name: "a", shape: [1], values: .fp32([1]))
    #expect(numbers.binary == [0, 0, 0x80, 0x3F] && numbers.datatype == "FP32")
    let texts = TensorData(name: "a", shape: [2], values: .bytes([[65], [66, 67]]))
    #expect(texts.binary == [1, 0, 0, 0, 65, 2, 0, 0, 0, 66, 67])
  }
}
