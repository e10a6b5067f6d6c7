import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

extension Response {
  /// An answer in JSON.
  init(json value: some Encodable, status: HTTPResponse.Status = .ok) {
    // What is encoded here always can be.
    let data = (try? JSONText.data(value)) ?? Data("{}".utf8)
    self.init(
      status: status, headers: [.contentType: "application/json"],
      body: .init(byteBuffer: ByteBuffer(data: data)))
  }

  /// An answer of bytes.
  init(bytes: [UInt8], type: String, headers: HTTPFields = [:]) {
    var headers = headers
    headers[.contentType] = type
    self.init(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  /// An answer of text.
  init(text: String, type: String) { self.init(bytes: Array(text.utf8), type: type) }
}
