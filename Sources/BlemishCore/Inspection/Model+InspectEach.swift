import BlemishTorch

extension Model {
  /// Reads and inspects pictures, and hands on what is made of each, in their order.
  ///
  /// Small networks judge a picture on one thread each, side by side: threads that share the work of one operator wait
  /// for each other. Large ones, and those on a GPU, judge batches, and the next batch is read meanwhile. The result has
  /// the same bits whatever the number of workers.
  /// - Parameters:
  ///   - paths: the pictures. One that cannot be read or judged comes as its error.
  ///   - workers: how many pictures are judged side by side; nil for as many as operators have threads.
  ///   - batch: how many pictures a large network judges at a time.
  ///   - use: makes something of an inspection, such as files; called on several threads at a time.
  ///   - handOn: called on this thread, in the order of the pictures.
  /// - Throws: what the closures throw; `CancellationError` when the task was cancelled.
  public func inspectEach<Value: Sendable>(
    contentsOf paths: [String], options: InspectionOptions = InspectionOptions(), workers: Int? = nil,
    batch: Int = 4, _ use: @escaping @Sendable (_ index: Int, Result<Inspection, any Error>) throws -> Value,
    inOrder handOn: (_ index: Int, _ value: Value) throws -> Void
  ) throws {
    let preprocessor = configuration.preprocessor
    try inspectEach(
      paths.count, frame: { try preprocessor(contentsOf: paths[$0]) }, options: options, workers: workers,
      batch: batch, use, inOrder: handOn)
  }

  /// Inspects frames that a closure reads, wherever they come from, as ``inspectEach(contentsOf:options:workers:batch:_:inOrder:)``
  /// does with files.
  /// - Parameters:
  ///   - count: how many frames there are.
  ///   - frame: reads one, by `ModelConfiguration.preprocessor`; called on several threads at a time, in order.
  /// - Throws: what the closures throw, but for `frame`, whose error comes in the place of its inspection;
  ///   `CancellationError` when the task was cancelled.
  public func inspectEach<Value: Sendable>(
    _ count: Int, frame: @escaping @Sendable (_ index: Int) throws -> Frame,
    options: InspectionOptions = InspectionOptions(), workers: Int? = nil, batch: Int = 4,
    _ use: @escaping @Sendable (_ index: Int, Result<Inspection, any Error>) throws -> Value,
    inOrder handOn: (_ index: Int, _ value: Value) throws -> Void
  ) throws {
    guard worksSideBySide else {
      var index = 0
      try configuration.forEachBatch(of: count, size: batch, frame) { frames in
        try Task.checkCancellation()
        for inspection in inspectEach(frames, options: options) {
          try handOn(index, use(index, inspection))
          index += 1
        }
      }
      return
    }
    try withWorkers(count, workers: workers) { index in
      try use(index, Result { try inspect([frame(index)], options: options)[0] })
    } inOrder: { index, value in
      try handOn(index, value)
    }
  }

  /// Whether pictures are judged side by side, a thread each: on the processor, where the network leaves memory for
  /// several pictures' maps.
  public var worksSideBySide: Bool {
    device == .cpu && configuration.tile == nil
      && backboneWeights.values.reduce(0) { $0 + $1.bytes.count } < Self.largeNetwork
  }

  /// Bytes of weights from which on a network is large.
  private static let largeNetwork = 256 << 20
}
