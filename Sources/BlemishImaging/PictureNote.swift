/// Something about a picture's file that is not in its samples.
public enum PictureNote: Sendable, Hashable, CustomStringConvertible {
  /// It was decoded at a smaller size than the upright one that it has in its file.
  case reduced(fromWidth: Int, height: Int)
  /// Only so many of its 16 bits carry something; they were spread over the whole range.
  case significantBits(Int)
  /// Alpha or other channels behind the colour were passed over.
  case channelsPassedOver(Int)
  /// Pages behind the first were passed over.
  case pagesPassedOver(Int)

  /// The note, for a person to read.
  public var description: String {
    switch self {
    case .reduced(let width, let height): "decoded at a smaller size than its \(width) x \(height) pixels"
    case .significantBits(let bits): "read as \(bits) bits, as its file says"
    case .channelsPassedOver(1): "a further channel, such as transparency, was passed over"
    case .channelsPassedOver(let count): "\(count) further channels were passed over"
    case .pagesPassedOver(1): "a further page was passed over"
    case .pagesPassedOver(let count): "\(count) further pages were passed over"
    }
  }
}
