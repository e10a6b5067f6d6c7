import Blemish
import Foundation
import GRDB
import HTTPTypes
import Hummingbird

extension Station {
  /// Learning models anew from what people reviewed.
  func addJobRoutes(_ routes: RouteTable) {
    for kind in [LearningTask.Kind.recalibrate, .retrain] {
      routes.on(.post, "/api/models/{name}/\(kind.rawValue)", .engineer) { [self] request, context in
        let epochs = try request.whole("epochs", in: 1...10_000)
        let name = try context.parameters.require("name")
        let served = try await shelf.model(named: name)
        let id = Int64(Date().timeIntervalSince1970 * 1e6)
        var task = try await task(kind, of: served, id: id)
        task.epochs = epochs.map { Int($0) }
        let job = try jobs.begin(task, id: id, model: name, by: try context.require(.engineer).name)
        return Response(json: job, status: .accepted)
      }
    }
    routes.on(.get, "/api/jobs", .engineer) { [self] _, _ in Response(json: ["jobs": jobs.jobs]) }
    routes.on(.get, "/api/jobs/{id}", .engineer) { [self] _, context in Response(json: try job(context)) }
    routes.on(.delete, "/api/jobs/{id}", .engineer) { [self] _, context in
      let job = try job(context)
      guard job.state == .running else { throw WebError(.conflict, "job \(job.id) is not running") }
      jobs.cancel(job.id)
      return Response(json: try self.job(context))
    }
    routes.on(.post, "/api/jobs/{id}/install", .engineer) { [self] _, context in
      let job = try job(context)
      guard job.state == .ready else {
        throw WebError(.conflict, "job \(job.id) has no model that is not in service")
      }
      try ModelExchange(shelf: shelf, name: job.model).install(jobs.output(of: job.id))
      jobs.installed(job.id)
      return Response(json: try self.job(context))
    }
    routes.on(.post, "/api/models/{name}/undo", .engineer) { [self] _, context in
      let name = try context.parameters.require("name")
      guard shelf.status(of: name) != nil else { throw ModelShelfError.unknown(name: name) }
      try ModelExchange(shelf: shelf, name: name).undo()
      return Response(json: ["name": name])
    }
  }

  private func job(_ context: StationContext) throws -> Job {
    let text = try context.parameters.require("id")
    guard let id = Int64(text), let job = jobs.job(id) else {
      throw WebError(.notFound, "there is no job \(text)")
    }
    return job
  }

  /// What a job learns from: the pictures that people called good, but for every fifth, on which the models are compared
  /// beside those that were called anomalous.
  private func task(_ kind: LearningTask.Kind, of served: ServedModel, id: Int64) async throws -> LearningTask
  {
    var reviewed: [LearningTask.Reviewed] = []
    for label in Label.allCases {
      var query = InspectionQuery()
      query.model = served.name
      query.label = InspectionQuery.LabelFilter(rawValue: label.rawValue)
      query.limit = 5_000
      let history = try history()
      reviewed += try await history.inspections(query).filter(\.hasPicture).map {
        .init(path: history.pictures.root + "/" + $0.picture!, label: label)
      }
    }
    let good = reviewed.filter { $0.label == .good }
    let least = kind == .retrain ? 10 : 5
    guard good.count >= least else {
      throw WebError(
        .conflict,
        "\(good.count) pictures of \(served.name) were called good; \(kind.rawValue) needs \(least)")
    }
    var (learnt, compared): ([String], [LearningTask.Reviewed]) = ([], [])
    for (index, picture) in good.enumerated() {
      if index % 5 == 4 { compared.append(picture) } else { learnt.append(picture.path) }
    }
    guard let path = shelf.path(of: served.name) else { throw ModelShelfError.unknown(name: served.name) }
    return LearningTask(
      kind: kind, model: path, output: jobs.output(of: id), learnt: learnt,
      compared: compared + reviewed.filter { $0.label == .anomalous },
      falseAlarms: served.options.falseAlarms,
      maximumPixels: configuration.maximumPixels)
  }
}
