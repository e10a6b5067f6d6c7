import Foundation
import FoundationNetworking

/// Posts messages to an address. The header `Idempotency-Key` tells them apart; `Blemish-Signature` is
/// `t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY` under the secret that both sides know.
final class Webhook: SinkReceiver {
  private let url: URL
  private let secret: [UInt8]?
  private let session: URLSession

  init(url: String, secret: [UInt8]?) {
    self.url = URL(string: url)!
    self.secret = secret
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = 10
    configuration.timeoutIntervalForResource = 20
    session = URLSession(configuration: configuration, delegate: NoRedirects(), delegateQueue: nil)
  }

  /// The signature of a body that is sent at a time.
  static func signature(_ body: [UInt8], secret: [UInt8], seconds: Int) -> String {
    let code = Digest.hmacSHA256(Array("\(seconds).".utf8) + body, key: secret)
    return "t=\(seconds),v1=\(Digest.hexadecimal(code))"
  }

  func take(_ message: SinkMessage, key: String) throws {
    let body = try JSONText.data(message)
    var request = URLRequest(url: url)
    request.httpMethod = "POST"
    request.httpBody = body
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    request.setValue(key, forHTTPHeaderField: "Idempotency-Key")
    if let secret {
      let signature = Self.signature(
        [UInt8](body), secret: secret, seconds: Int(Date().timeIntervalSince1970))
      request.setValue(signature, forHTTPHeaderField: "Blemish-Signature")
    }
    let answered = DispatchSemaphore(value: 0)
    let outcome = Locked<Result<Int, any Error>>(.failure(SinkError.unreachable("no answer")))
    session.dataTask(with: request) { _, response, error in
      outcome.with {
        if let status = (response as? HTTPURLResponse)?.statusCode {
          $0 = .success(status)
        } else {
          $0 = .failure(SinkError.unreachable(error?.localizedDescription ?? "no answer"))
        }
      }
      answered.signal()
    }.resume()
    answered.wait()
    let status = try outcome.with { $0 }.get()
    switch status {
    case 200..<300: return
    // Out of order for now, or asked too often.
    case 408, 429, 500...: throw SinkError.unreachable("answered \(status)")
    default: throw SinkError.refused("answered \(status)")
    }
  }

  func end() { session.invalidateAndCancel() }
}

/// Sends nothing to another address than the one that is configured.
private final class NoRedirects: NSObject, URLSessionTaskDelegate, Sendable {
  func urlSession(
    _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
    newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) { completionHandler(nil) }
}
