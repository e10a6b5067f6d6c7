import Foundation

/// Puts another file in a model's place and keeps the former one, so that it can be gone back to.
struct ModelExchange {
  let shelf: ModelShelf
  let name: String

  /// Where the former file of a model lies, out of the folder's sight.
  private func places() throws -> (model: String, former: String) {
    guard let model = shelf.path(of: name) else { throw ModelShelfError.unknown(name: name) }
    let folder = String(model[..<model.lastIndex(of: "/")!]) + "/.former"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    return (model, "\(folder)/\(name).\(ModelShelf.fileExtension)")
  }

  /// Puts a copy of a file in the model's place.
  /// - Throws: ``ModelShelfError``, or what is wrong with the files.
  func install(_ path: String) throws {
    let (model, former) = try places()
    let new = former + ".new"
    try? FileManager.default.removeItem(atPath: new)
    try FileManager.default.copyItem(atPath: path, toPath: new)
    try? FileManager.default.removeItem(atPath: former)
    // The model's own place is never empty: the former file has two names for a moment.
    guard link(model, former) == 0, rename(new, model) == 0 else {
      throw ModelShelfError.unusable(name: name, reason: String(cString: strerror(errno)))
    }
  }

  /// Exchanges the model and the former one.
  /// - Throws: ``ModelShelfError/noFormer(name:)`` where there is none.
  func undo() throws {
    let (model, former) = try places()
    guard FileManager.default.fileExists(atPath: former) else { throw ModelShelfError.noFormer(name: name) }
    let present = former + ".present"
    try? FileManager.default.removeItem(atPath: present)
    guard link(model, present) == 0, rename(former, model) == 0, rename(present, former) == 0 else {
      throw ModelShelfError.unusable(name: name, reason: String(cString: strerror(errno)))
    }
  }
}
