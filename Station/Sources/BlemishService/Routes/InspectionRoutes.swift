import Blemish
import Foundation
import HTTPTypes
import Hummingbird

extension InspectionQuery {
  /// What a request's query asks for.
  /// - Throws: ``WebError``.
  init(_ request: Request) throws {
    self.init()
    if let text = request.query("verdict"), !text.isEmpty {
      verdicts = try text.split(separator: ",").map { word in
        guard let verdict = Verdict(rawValue: String(word)) else {
          throw WebError(
            .badRequest, "verdict must be of \(Verdict.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return verdict
      }
    }
    model = request.query("model").flatMap { $0.isEmpty ? nil : $0 }
    source = request.query("source").flatMap { $0.isEmpty ? nil : $0 }
    if let text = request.query("label"), !text.isEmpty {
      guard let filter = LabelFilter(rawValue: text) else {
        throw WebError(
          .badRequest, "label must be of \(LabelFilter.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      label = filter
    }
    from = try Self.time(request, "from")
    to = try Self.time(request, "to")
    before = try request.whole("before", in: 0...Int64.max)
    after = try request.whole("after", in: 0...Int64.max)
    limit = Int(try request.whole("limit", in: 1...500) ?? 50)
  }

  private static func time(_ request: Request, _ name: String) throws -> Date? {
    guard let text = request.query(name) else { return nil }
    guard let date = Timestamp.date(text) else {
      throw WebError(.badRequest, "\(name) must be a time such as 2026-11-30T12:00:00Z")
    }
    return date
  }
}

/// What a part is, or null.
private struct LabelBody: Decodable {
  var label: Label?

  private enum CodingKeys: String, CodingKey { case label }

  init(from decoder: any Decoder) throws {
    // Null takes a label back; to leave the key out is a mistake.
    label = try decoder.container(keyedBy: CodingKeys.self).decode(Label?.self, forKey: .label)
  }
}

extension Station {
  func addInspectionRoutes(_ routes: RouteTable) {
    routes.on(.post, "/api/models/{name}/inspect", .machine) { [self] request, context in
      try await inspect(request, context)
    }
    routes.on(.get, "/api/inspections", .operator) { [self] request, _ in
      struct Page: Encodable {
        var inspections: [InspectionText]
        var next: String?
      }
      let query = try InspectionQuery(request)
      let records = try await history().inspections(query)
      let next = records.count == query.limit ? records.last.map { "\($0.id)" } : nil
      return Response(json: Page(inspections: records.map(InspectionText.init), next: next))
    }
    routes.on(.get, "/api/inspections.csv", .operator) { [self] request, _ in
      try await csv(InspectionQuery(request))
    }
    routes.on(.get, "/api/inspections/{id}", .machine) { [self] _, context in
      Response(json: InspectionText(record: try await record(context)))
    }
    routes.on(.put, "/api/inspections/{id}/label", .operator) { [self] request, context in
      let body = try await request.json(LabelBody.self)
      let id = try Self.number(context)
      guard let record = try history().label(id, body.label, by: try context.require(.operator).name) else {
        throw WebError(.notFound, "there is no inspection \(id)")
      }
      return Response(json: InspectionText(record: record))
    }
    for kind in PictureKind.allCases {
      routes.on(.get, "/api/inspections/{id}/\(kind.rawValue)", .machine) { [self] _, context in
        try await picture(kind, of: record(context))
      }
    }
  }

  private static func number(_ context: StationContext) throws -> Int64 {
    let text = try context.parameters.require("id")
    guard let id = Int64(text), id >= 0 else { throw WebError(.notFound, "there is no inspection \(text)") }
    return id
  }

  private func record(_ context: StationContext) async throws -> InspectionRecord {
    let id = try Self.number(context)
    guard let record = try await history().inspection(id) else {
      throw WebError(.notFound, "there is no inspection \(id)")
    }
    return record
  }

  // MARK: Judging

  /// The most pictures of one request.
  static let mostPictures = 64

  private func inspect(_ request: Request, _ context: StationContext) async throws -> Response {
    guard !ending else { throw JudgingQueueError.ending }
    let model = try await shelf.model(named: try context.parameters.require("name"))
    var options = model.options
    if let falseAlarms = try request.positive("false_alarms") { options.falseAlarms = falseAlarms }
    let deadline = try request.positive("timeout").map { Duration.seconds(min($0, 3_600)) }
    let source = request.query("source") ?? "api"
    guard source.utf8.count <= 64 else { throw WebError(.badRequest, "source may have 64 bytes") }
    let chosen = options
    @Sendable func judge(_ bytes: [UInt8], _ name: String) async throws -> InspectionAnswer {
      let request = JudgementRequest(.encoded(bytes), name: name, options: chosen)
      return try await inspect(request, picture: bytes, model: model, source: source, deadline: deadline)
    }
    let boundary = request.headers[.contentType].flatMap(Multipart.boundary)
    let bytes = try await request.bytes(atMost: configuration.maximumBody)
    guard let boundary else {
      guard !bytes.isEmpty else { throw WebError(.badRequest, "the body must be a picture") }
      let name = request.query("name") ?? "picture"
      guard name.utf8.count <= 1_024 else { throw WebError(.badRequest, "name may have 1024 bytes") }
      let answer = try await judge(bytes, name)
      let accept = request.headers[.accept] ?? "*/*"
      if accept.hasPrefix("image/"), !accept.contains("json") {
        let kind = request.query("as").flatMap(PictureKind.init) ?? .overlay
        return try Self.response(kind, picture: bytes, answer.judgement)
      }
      return Response(json: answer)
    }
    let parts = try Multipart.parts(bytes, boundary: boundary, most: Self.mostPictures)
      .filter { $0.fileName != nil || !$0.bytes.isEmpty }
    guard !parts.isEmpty else { throw WebError(.badRequest, "the body must hold pictures") }
    let answers = await withTaskGroup(of: (Int, Result<InspectionAnswer, any Error>).self) { group in
      for (index, part) in parts.enumerated() {
        group.addTask {
          do {
            return (index, .success(try await judge(part.bytes, part.fileName ?? part.name)))
          } catch {
            return (index, .failure(error))
          }
        }
      }
      var answers = [Result<InspectionAnswer, any Error>?](repeating: nil, count: parts.count)
      for await (index, answer) in group { answers[index] = answer }
      return answers.map { $0! }
    }
    // Where no picture was judged, the request has failed.
    if case .failure(let error) = answers[0],
      answers.allSatisfy({ if case .failure = $0 { true } else { false } })
    {
      throw error
    }
    let several = zip(parts, answers).map { part, answer in
      OneOfSeveral(name: part.fileName ?? part.name, answer: answer)
    }
    return Response(json: ["inspections": several])
  }

  private struct OneOfSeveral: Encodable {
    var name: String
    var answer: Result<InspectionAnswer, any Error>

    func encode(to encoder: any Encoder) throws {
      switch answer {
      case .success(let answer): try answer.encode(to: encoder)
      case .failure(let error):
        let refusal = WebError(error)
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(name, forKey: .path)
        try values.encode(refusal.message, forKey: .error)
        try values.encode(refusal.status.code, forKey: .status)
      }
    }

    private enum CodingKeys: String, CodingKey { case path, error, status }
  }

  // MARK: Pictures

  private static func response(_ kind: PictureKind, picture: [UInt8], _ judgement: Judgement) throws
    -> Response
  {
    Response(
      bytes: try DrawnEvidence(map: judgement.map, mask: judgement.mask).png(kind, picture: picture),
      type: "image/png")
  }

  private func picture(_ kind: PictureKind, of record: InspectionRecord) async throws -> Response {
    let history = try history()
    var headers: HTTPFields = [.cacheControl: "private, max-age=31536000, immutable"]
    var bytes: [UInt8] = []
    if kind == .picture || kind == .overlay {
      guard record.hasPicture, let found = history.pictures.bytes(record.picture!) else {
        throw WebError(.notFound, "the picture of inspection \(record.id) is not there")
      }
      bytes = found
    }
    if kind == .picture {
      let ending = record.picture!.split(separator: ".").last ?? ""
      let type = [
        "jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "tiff": "image/tiff",
        "bmp": "image/bmp",
      ]
      headers[.contentDisposition] = "inline; filename=\"\(record.id).\(ending)\""
      return Response(
        bytes: bytes, type: type[String(ending)] ?? "application/octet-stream", headers: headers)
    }
    guard let evidence = try await history.evidence(record.id) else {
      throw WebError(.notFound, "the evidence of inspection \(record.id) is not there")
    }
    if kind == .map { return Response(bytes: evidence.map, type: "image/jpeg", headers: headers) }
    let drawn = DrawnEvidence(
      map: evidence.map, mask: evidence.mask, width: record.width, height: record.height)
    let picture = bytes
    let png = try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(with: Result { try drawn.png(kind, picture: picture) })
      }
    }
    return Response(bytes: png, type: "image/png", headers: headers)
  }

  // MARK: CSV

  /// The most lines of an export.
  static let mostLines = 100_000

  private func csv(_ query: InspectionQuery) async throws -> Response {
    var query = query
    query.limit = 1_000
    var text =
      "id,time,source,model,model_version,path,verdict,log_nfa,score,regions,false_alarms,label,labelled_by\n"
    var lines = 0
    while lines < Self.mostLines {
      let records = try await history().inspections(query)
      for record in records {
        let fields = [
          "\(record.id)", Timestamp.text(record.time), record.source, record.model,
          String(record.modelHash.prefix(12)), record.path, record.verdict.rawValue, "\(record.logNFA)",
          "\(record.score)", "\(record.regions)", "\(record.falseAlarms)", record.label?.rawValue ?? "",
          record.labelledBy ?? "",
        ]
        text += fields.map(Self.field).joined(separator: ",") + "\n"
      }
      lines += records.count
      guard records.count == query.limit, let last = records.last else { break }
      query.before = last.id
    }
    var response = Response(text: text, type: "text/csv; charset=utf-8")
    response.headers[.contentDisposition] = "attachment; filename=\"inspections.csv\""
    return response
  }

  /// A field, which no spreadsheet takes for a formula.
  private static func field(_ text: String) -> String {
    let isFormula = text.first.map { "=+@\t\r".contains($0) || $0 == "-" && Double(text) == nil } ?? false
    let safe = isFormula ? "'" + text : text
    guard safe.contains(where: { ",\"\n\r".contains($0) }) else { return safe }
    return "\"" + safe.replacingOccurrences(of: "\"", with: "\"\"") + "\""
  }
}
