import Blemish
import Foundation

/// A request of the Open Inference Protocol, version 2, with the binary tensor extension.
struct InferenceRequest: Sendable {
  /// An output that is asked for.
  struct Output: Sendable, Equatable {
    var name: String
    var isBinary: Bool
  }

  /// What the client calls the request.
  var id: String?
  /// The pictures.
  var pictures: [JudgementRequest.Content]
  /// What is asked for; nil for the usual.
  var outputs: [Output]?
  /// Whether outputs are binary where nothing else is said.
  var binaryByDefault: Bool
  /// The accepted number of false alarms; nil for the model's own.
  var falseAlarms: Double?

  /// The most pictures of a request.
  static let mostPictures = 64

  /// Reads a request.
  /// - Parameters:
  ///   - jsonLength: how many bytes of the body are JSON, before binary data; nil for all.
  ///   - maximumPixels: the most pixels of one picture.
  /// - Throws: ``WebError``.
  init(_ body: [UInt8], jsonLength: Int?, maximumPixels: Int) throws {
    let length = jsonLength ?? body.count
    guard (0...body.count).contains(length) else {
      throw WebError(.badRequest, "Inference-Header-Content-Length is not a part of the body")
    }
    guard let json = try? JSONSerialization.jsonObject(with: Data(body[..<length])) as? [String: Any] else {
      throw WebError(.badRequest, "the request is not a JSON object")
    }
    if let text = json["id"] {
      guard let text = text as? String else { throw WebError(.badRequest, "id must be a text") }
      id = text
    }
    let parameters = try Self.object(json["parameters"], "parameters")
    binaryByDefault = try Self.flag(parameters["binary_data_output"], "binary_data_output") ?? false
    if let number = parameters["false_alarms"] {
      guard let number = (number as? NSNumber)?.doubleValue, number > 0, number.isFinite else {
        throw WebError(.badRequest, "false_alarms must be a number above 0")
      }
      falseAlarms = number
    }
    if let list = json["outputs"] {
      guard let list = list as? [[String: Any]] else {
        throw WebError(.badRequest, "outputs must be a list of objects")
      }
      let byDefault = binaryByDefault
      outputs = try list.map { output in
        guard let name = output["name"] as? String else {
          throw WebError(.badRequest, "an output has no name")
        }
        let parameters = try Self.object(output["parameters"], "the parameters of output \(name)")
        return Output(
          name: name, isBinary: try Self.flag(parameters["binary_data"], "binary_data") ?? byDefault)
      }
      if outputs?.isEmpty == true { outputs = nil }
    }
    guard let inputs = json["inputs"] as? [[String: Any]], inputs.count == 1 else {
      throw WebError(.badRequest, "inputs must be one input: image or pixels")
    }
    pictures = []
    pictures = try Self.pictures(inputs[0], binary: body[length...], maximumPixels: maximumPixels)
  }

  private static func object(_ value: Any?, _ name: String) throws -> [String: Any] {
    guard let value, !(value is NSNull) else { return [:] }
    guard let object = value as? [String: Any] else {
      throw WebError(.badRequest, "\(name) must be an object")
    }
    return object
  }

  private static func flag(_ value: Any?, _ name: String) throws -> Bool? {
    guard let value else { return nil }
    guard let flag = value as? Bool else { throw WebError(.badRequest, "\(name) must be true or false") }
    return flag
  }

  // MARK: Inputs

  private static func pictures(
    _ input: [String: Any], binary: ArraySlice<UInt8>, maximumPixels: Int
  ) throws -> [JudgementRequest.Content] {
    guard let name = input["name"] as? String, let datatype = input["datatype"] as? String,
      let shape = (input["shape"] as? [Any])?.map({ $0 as? Int ?? -1 }), shape.allSatisfy({ $0 >= 0 })
    else { throw WebError(.badRequest, "an input must have name, datatype and shape") }
    let parameters = try object(input["parameters"], "the parameters of input \(name)")
    var bytes: ArraySlice<UInt8>?
    if let size = parameters["binary_data_size"] {
      guard let size = size as? Int, size >= 0, size == binary.count else {
        throw WebError(.badRequest, "input \(name): binary_data_size is not what follows the JSON")
      }
      bytes = binary
    }
    switch (name, datatype) {
    case ("image", "BYTES"):
      guard shape.count == 1 || shape.count == 2 && shape[1] == 1, (1...mostPictures).contains(shape[0])
      else {
        throw WebError(.badRequest, "input image must have the shape [n], with n from 1 to \(mostPictures)")
      }
      if let bytes { return try TensorData.elements(bytes, count: shape[0], name: name).map { .encoded($0) } }
      let texts = try flat(input["data"], name: name, most: shape[0])
      return try texts.map { text in
        guard let text = text as? String, let data = Data(base64Encoded: text) else {
          throw WebError(.badRequest, "input image: in JSON the data must be pictures in Base64")
        }
        return .encoded([UInt8](data))
      }
    case ("pixels", "UINT8"):
      guard shape.count == 4, (1...mostPictures).contains(shape[0]), [1, 3].contains(shape[3]),
        shape[1] > 0, shape[2] > 0, shape[1] <= Picture.maximumSide, shape[2] <= Picture.maximumSide,
        shape[1] * shape[2] <= maximumPixels
      else {
        throw WebError(
          .badRequest,
          "input pixels must have the shape [n, height, width, channels], with 1 or 3 channels, n from 1 to "
            + "\(mostPictures) and at most \(maximumPixels) pixels each")
      }
      let each = shape[1] * shape[2] * shape[3]
      let values: [UInt8]
      if let bytes {
        guard bytes.count == each * shape[0] else {
          throw WebError(
            .badRequest, "input pixels: \(bytes.count) bytes are not the shape's \(each * shape[0])")
        }
        values = Array(bytes)
      } else {
        values = try flat(input["data"], name: name, most: each * shape[0]).map { value in
          guard let number = value as? Int, let sample = UInt8(exactly: number) else {
            throw WebError(.badRequest, "input pixels: the data must be whole numbers from 0 to 255")
          }
          return sample
        }
      }
      return (0..<shape[0]).map { index in
        .decoded(
          Picture(
            width: shape[2], height: shape[1], channels: shape[3],
            samples: .eightBit(Array(values[(index * each)..<((index + 1) * each)]))))
      }
    default:
      throw WebError(
        .badRequest,
        "there is no input \(name) of type \(datatype): image of type BYTES, or pixels of type UINT8")
    }
  }

  /// The elements of nested lists, as many as there must be.
  private static func flat(_ data: Any?, name: String, most: Int) throws -> [Any] {
    guard let list = data as? [Any] else { throw WebError(.badRequest, "input \(name) has no data") }
    var elements: [Any] = []
    func add(_ value: Any, depth: Int) throws {
      if let list = value as? [Any] {
        guard depth < 5 else { throw WebError(.badRequest, "input \(name): the data is nested too deep") }
        for value in list { try add(value, depth: depth + 1) }
      } else {
        guard elements.count < most else {
          throw WebError(.badRequest, "input \(name): there is more data than the shape has")
        }
        elements.append(value)
      }
    }
    for value in list { try add(value, depth: 1) }
    guard elements.count == most else {
      throw WebError(.badRequest, "input \(name): there is less data than the shape has")
    }
    return elements
  }
}
