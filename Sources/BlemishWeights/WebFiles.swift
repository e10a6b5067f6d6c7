import BlemishSupport
import Foundation

/// Files that are read over HTTP, each in one request and kept nowhere. Connections stay for the next file. For one thread.
package final class WebFiles {
  private let connections = HTTPConnections()
  private let environment: [String: String]
  private let patience: DownloadPatience
  private let limit: Int

  /// - Parameters:
  ///   - environment: where a proxy is named.
  ///   - attempts: how often a file is asked for before it is given up.
  ///   - pause: seconds before the second attempt; each further pause is twice as long.
  ///   - limit: the most bytes that a file may have.
  package init(
    environment: [String: String] = ProcessInfo.processInfo.environment, attempts: Int = 5, pause: Double = 1,
    limit: Int = 1 << 30
  ) {
    self.environment = environment
    patience = DownloadPatience(attempts: attempts, pause: .seconds(pause))
    self.limit = limit
  }

  /// The bytes of a file.
  /// - Parameters:
  ///   - address: where it is; what stands behind its question mark, which may be a signature, is in no error's text.
  ///   - goesOn: asked about once a second whether the file is still wanted.
  /// - Throws: ``WebFileError``; `CancellationError` where the file was no longer wanted.
  package func contents(of address: String, goesOn: @escaping () -> Bool = { true }) throws -> Data {
    let name = plainAddress(address)
    let proxy: Proxy?
    do {
      proxy = try BlemishWeights.proxy(for: address, environment: environment)
    } catch {
      throw WebFileError(address: name, problem: .failed("\(error)"))
    }
    let get = HTTPGet(
      address: address,
      fields: [("User-Agent", "blemish/\(blemishVersion)"), ("Accept-Encoding", "identity")], proxy: proxy,
      connecting: patience.connecting, silence: patience.silence)
    var attempt = 1
    while true {
      let reason: String
      do {
        let (head, body) = try get.answer(limit: limit, connections, goesOn: goesOn)
        switch head.code {
        case 200:
          guard let body else { throw WebFileError(address: name, problem: .tooLarge(limit: limit)) }
          guard let length = head["Content-Length"].flatMap({ Int($0) }), length != body.count else {
            return body
          }
          reason = "the server has sent \(body.count) of \(length) bytes"
        case 404, 410: throw WebFileError(address: name, problem: .missing(status: head.status))
        case 408, 425, 429, 500...599: reason = "the server answers \(head.status)"
        default: throw WebFileError(address: name, problem: .failed("the server answers \(head.status)"))
        }
      } catch let failure as HTTPFailure {
        guard !failure.isLasting else { throw WebFileError(address: name, problem: .failed("\(failure)")) }
        reason = "\(failure)"
      }
      guard attempt < patience.attempts else { throw WebFileError(address: name, problem: .failed(reason)) }
      let pause =
        Double(patience.pause.components.attoseconds) / 1e18 + Double(patience.pause.components.seconds)
      try wait(pause * Double(1 << min(attempt - 1, 5)), goesOn)
      attempt += 1
    }
  }

  private func wait(_ seconds: Double, _ goesOn: () -> Bool) throws {
    let end = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < end {
      guard goesOn() else { throw CancellationError() }
      Thread.sleep(forTimeInterval: min(seconds, 0.1))
    }
  }
}

/// An address without what stands behind its path: questions, which may hold a signature, and places in the file.
package func plainAddress(_ address: String) -> String { String(address.prefix { $0 != "?" && $0 != "#" }) }

/// Why a file cannot be read over HTTP.
package struct WebFileError: Error, Equatable, CustomStringConvertible {
  /// What is wrong.
  package enum Problem: Equatable, Sendable {
    /// The server says that there is no such file.
    case missing(status: String)
    /// The file has more bytes than are read.
    case tooLarge(limit: Int)
    /// Anything that may be otherwise another time: no connection, no permission, an answer cut short.
    case failed(String)
  }

  /// Where it is, without what stands behind a question mark.
  package let address: String
  package let problem: Problem

  package var description: String {
    switch problem {
    case .missing(let status): "\(address): the server answers \(status)"
    case .tooLarge(let limit): "\(address): is too large: at most \(limit) bytes are read"
    case .failed(let reason): "\(address): cannot be read: \(reason)"
    }
  }
}
