import Foundation

extension Station: SourceReceiver {
  var maximumBytes: Int { configuration.maximumBody }

  /// Takes the pictures of the sources until the task is cancelled.
  func watchSources() async {
    await withTaskGroup(of: Void.self) { group in
      for source in configuration.sources {
        sourceStates.with { $0[source.name] = SourceState() }
        group.addTask { [self] in
          switch source.kind {
          case .folder(let path, let moved):
            await FolderSource(source, path: path, moved: moved, receiver: self).run()
          case .camera(let input, let options, let perSecond):
            await CameraSource(source, input: input, options: options, perSecond: perSecond, receiver: self)
              .run()
          }
        }
      }
    }
  }

  func take(_ bytes: [UInt8], name: String, from source: SourceConfiguration) async throws {
    var request = JudgementRequest(.encoded(bytes), name: name)
    while true {
      try Task.checkCancellation()
      do {
        let model = try await shelf.model(named: source.model)
        if let falseAlarms = source.falseAlarms {
          var options = model.options
          options.falseAlarms = falseAlarms
          request.options = options
        }
        let answer = try await inspect(request, picture: bytes, model: model, source: source.name)
        // A source's picture counts only where it is kept: it is taken again otherwise.
        guard answer.record != nil || historyError != nil else { throw HistoryClosed() }
        note(source) { state in
          state.judged += 1
          state.error = nil
          state.lastPicture = Date()
        }
        return
      } catch let error as JudgingQueueError {
        guard error != .ending else { throw CancellationError() }
        try await Task.sleep(for: .milliseconds(200))
      } catch let error where error is ModelShelfError || error is HistoryClosed {
        note(source) { $0.error = "\(error)" }
        try await Task.sleep(for: .seconds(2))
      }
    }
  }

  func note(_ source: SourceConfiguration, _ change: (inout SourceState) -> Void) {
    sourceStates.with { change(&$0[source.name, default: SourceState()]) }
  }

  func isJudged(_ file: String, of source: SourceConfiguration, changed: Int64) async throws -> Bool {
    guard let history = try? history() else { return false }
    if let days = configuration.days, Double(changed) / 1e6 < Date().timeIntervalSince1970 - days * 86_400 {
      return true
    }
    return try await history.has(source: source.name, path: file, since: changed)
  }
}
