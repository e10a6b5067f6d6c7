import Blemish
import GRDB
import HTTPTypes
import Hummingbird

/// An answer that says why there is no other.
struct WebError: Error, HTTPResponseError {
  var status: HTTPResponse.Status
  var message: String
  var headers: HTTPFields = [:]

  init(_ status: HTTPResponse.Status, _ message: String, headers: HTTPFields = [:]) {
    (self.status, self.message, self.headers) = (status, message, headers)
  }

  func response(from request: Request, context: some RequestContext) -> Response {
    var response = Response(json: ["error": message], status: status)
    response.headers.append(contentsOf: headers)
    return response
  }

  /// What is answered where something was thrown.
  init(_ error: any Error) {
    switch error {
    case let error as WebError: self = error
    case let error as HTTPError:
      self.init(error.status, error.body ?? error.status.reasonPhrase, headers: error.headers)
    case let error as any HTTPResponseError: self.init(error.status, error.status.reasonPhrase)
    case let error as JudgingQueueError:
      switch error {
      case .full(let seconds):
        self.init(.serviceUnavailable, "\(error)", headers: [.retryAfter: "\(seconds)"])
      case .late: self.init(.gatewayTimeout, "\(error)")
      case .ending: self.init(.serviceUnavailable, "\(error)", headers: [.retryAfter: "5"])
      }
    case let error as ModelShelfError:
      switch error {
      case .unknown: self.init(.notFound, "\(error)")
      case .noFormer: self.init(.conflict, "\(error)")
      case .unusable: self.init(.serviceUnavailable, "\(error)", headers: [.retryAfter: "10"])
      }
    case JobError.busy: self.init(.conflict, "another job is running")
    case is PictureError, is PictureSizeError: self.init(.unprocessableContent, "\(error)")
    case is InspectionError: self.init(.unprocessableContent, "\(error)")
    case is DatabaseError, is HistoryClosed:
      self.init(.serviceUnavailable, "the history cannot be used", headers: [.retryAfter: "10"])
    default: self.init(.internalServerError, "the request failed")
    }
  }
}
