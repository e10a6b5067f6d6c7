/// Why a result could not be written; the pictures after it would fare no better.
struct OutputError: Error, CustomStringConvertible {
  let description: String
}
