import Foundation

/// A shard's pictures in parts. The pictures of a model follow each other, in the manifest's order, so that a process
/// reads each model once; the models come in the order in which the manifest first names them.
struct Division<Element: Sendable>: Sendable {
  private var groups: [(model: String?, elements: [Element])] = []
  private var places: [String?: Int] = [:]

  /// A run of pictures of one model.
  struct Part: Sendable {
    /// Which of the shard's, from 0.
    var index: Int
    var model: String?
    var elements: [Element]
  }

  mutating func add(_ element: Element, model: String?) {
    if let place = places[model] {
      groups[place].elements.append(element)
    } else {
      places[model] = groups.count
      groups.append((model, [element]))
    }
  }

  /// The parts, each of at most so many pictures.
  func parts(of size: Int) -> [Part] {
    var parts: [Part] = []
    for group in groups {
      for start in stride(from: 0, to: group.elements.count, by: size) {
        let elements = Array(group.elements[start..<min(start + size, group.elements.count)])
        parts.append(Part(index: parts.count, model: group.model, elements: elements))
      }
    }
    return parts
  }
}
