import Blemish
import Foundation
import HTTPTypes
import Hummingbird

extension HTTPField.Name {
  /// How many bytes of a body are JSON, by the binary tensor extension.
  static let inferenceHeaderContentLength = Self("Inference-Header-Content-Length")!
}

extension Station {
  /// The routes of the Open Inference Protocol, version 2.
  func addInferenceRoutes(_ routes: RouteTable) {
    routes.on(.get, "/v2", nil) { _, _ in Response(json: InferenceServer()) }
    routes.on(.get, "/v2/health/live", nil) { _, _ in Response(json: ["live": true]) }
    routes.on(.get, "/v2/health/ready", nil) { [self] _, _ in
      Response(json: ["ready": isReady], status: isReady ? .ok : .serviceUnavailable)
    }
    for path in ["/v2/models/{name}", "/v2/models/{name}/versions/{version}"] {
      routes.on(.get, path, .machine) { [self] _, context in
        Response(json: ModelMetadata(try await served(context)))
      }
      routes.on(.get, path + "/ready", .machine) { [self] _, context in
        let served = try await served(context)
        return Response(json: ModelReadiness(name: served.name, ready: true))
      }
      routes.on(.post, path + "/infer", .machine) { [self] request, context in
        try await infer(request, with: served(context))
      }
    }
  }

  /// The model that a path names.
  /// - Throws: ``ModelShelfError``; ``WebError`` where the version is not in service.
  private func served(_ context: StationContext) async throws -> ServedModel {
    let served = try await shelf.model(named: try context.parameters.require("name"))
    if let version = context.parameters.get("version"), version != served.version {
      throw WebError(
        .notFound, "version \(version) of \(served.name) is not in service; \(served.version) is")
    }
    return served
  }

  private func infer(_ request: Request, with model: ServedModel) async throws -> Response {
    guard !ending else { throw JudgingQueueError.ending }
    if let encoding = request.headers[.contentEncoding], encoding != "identity" {
      throw WebError(.unsupportedMediaType, "compressed bodies are not taken")
    }
    var jsonLength: Int?
    if let text = request.headers[.inferenceHeaderContentLength] {
      guard let number = Int(text) else {
        throw WebError(.badRequest, "Inference-Header-Content-Length must be a number")
      }
      jsonLength = number
    }
    let inference = try InferenceRequest(
      await request.bytes(atMost: configuration.maximumBody), jsonLength: jsonLength,
      maximumPixels: configuration.maximumPixels)
    let wanted: [(output: InferenceOutput, isBinary: Bool)] =
      try inference.outputs?.map { output in
        guard let known = InferenceOutput(rawValue: output.name) else {
          throw WebError(.badRequest, "there is no output \(output.name)")
        }
        return (known, output.isBinary)
      } ?? InferenceOutput.usual.map { ($0, inference.binaryByDefault) }
    let answers = try await answers(
      inference, with: model, keepingMaps: wanted.contains { $0.output.needsMaps })
    var outputs: [[String: Any]] = []
    var binary: [UInt8] = []
    for (output, isBinary) in wanted {
      let tensor = try output.tensor(answers)
      var described: [String: Any] = [
        "name": tensor.name, "datatype": tensor.datatype, "shape": tensor.shape,
      ]
      if isBinary {
        let bytes = tensor.binary
        described["parameters"] = ["binary_data_size": bytes.count]
        binary += bytes
      } else {
        described["data"] = tensor.json
      }
      outputs.append(described)
    }
    var answer: [String: Any] = [
      "model_name": model.name, "model_version": model.version, "outputs": outputs,
    ]
    if let id = inference.id { answer["id"] = id }
    let json = [UInt8](
      try JSONSerialization.data(withJSONObject: answer, options: [.sortedKeys, .withoutEscapingSlashes]))
    guard wanted.contains(where: \.isBinary) else { return Response(bytes: json, type: "application/json") }
    return Response(
      bytes: json + binary, type: "application/octet-stream",
      headers: [.inferenceHeaderContentLength: "\(json.count)"])
  }

  private func answers(
    _ inference: InferenceRequest, with model: ServedModel, keepingMaps: Bool
  ) async throws -> [InspectionAnswer] {
    var options = model.options
    if let falseAlarms = inference.falseAlarms { options.falseAlarms = falseAlarms }
    let chosen = options
    return try await withThrowingTaskGroup(of: (Int, InspectionAnswer).self) { group in
      for (index, content) in inference.pictures.enumerated() {
        group.addTask { [self] in
          let name = inference.id.map { "\($0)/\(index)" } ?? "picture \(index)"
          var request = JudgementRequest(content, name: name, options: chosen)
          request.keepsMaps = keepingMaps
          let encoded: [UInt8]? = if case .encoded(let bytes) = content { bytes } else { nil }
          return (index, try await inspect(request, picture: encoded, model: model, source: "infer"))
        }
      }
      var answers = [InspectionAnswer?](repeating: nil, count: inference.pictures.count)
      for try await (index, answer) in group { answers[index] = answer }
      return answers.map { $0! }
    }
  }
}

private struct InferenceServer: Encodable {
  var name = "blemish"
  var version: String = stationVersion
  var extensions = ["binary_tensor_data"]
}

private struct ModelReadiness: Encodable {
  var name: String
  var ready: Bool
}

/// What the protocol tells of a model.
private struct ModelMetadata: Encodable {
  struct Form: Encodable {
    var name: String
    var datatype: String
    var shape: [Int]
  }

  var name: String
  var versions: [String]
  var platform: String
  var inputs = [
    Form(name: "image", datatype: "BYTES", shape: [-1]),
    Form(name: "pixels", datatype: "UINT8", shape: [-1, -1, -1, 3]),
  ]
  var outputs: [Form]

  init(_ served: ServedModel) {
    name = served.name
    versions = [served.version]
    platform = "blemish_\(served.model.configuration.detector)"
    outputs = InferenceOutput.allCases.map { output in
      let form = output.form(of: served.model)
      return Form(name: output.rawValue, datatype: form.datatype, shape: form.shape)
    }
  }
}
