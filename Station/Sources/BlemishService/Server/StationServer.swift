import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle

extension Station {
  /// All routes of the station.
  func routes() -> RouteTable {
    let routes = RouteTable()
    let entries = Locked<[(path: String, method: HTTPRequest.Method)]>([])
    routes.router.add(
      middleware: AnsweringMiddleware(metrics: metrics, logsRequests: configuration.logsRequests) { path in
        RouteTable.methods(entries.with { $0 }, at: path)
      })
    routes.router.add(middleware: AccessMiddleware(gate: gate, isLoopback: configuration.isLoopback))
    addPageRoutes(routes)
    addStatusRoutes(routes)
    addModelRoutes(routes)
    addInspectionRoutes(routes)
    addInferenceRoutes(routes)
    addJobRoutes(routes)
    let all = routes.entries
    entries.with { $0 = all }
    return routes
  }

  /// Serves until SIGTERM or SIGINT: then nothing more is taken, what was taken is answered, and this returns.
  /// - Parameter listening: called with the port.
  /// - Throws: ``StationError/address(host:port:reason:)``, or what is wrong with the certificate.
  public func serve(listening: @escaping @Sendable (_ port: Int) -> Void) async throws {
    let limit = TimeAmount.milliseconds(Int64(configuration.requestSeconds * 1_000))
    let http = HTTP1Channel.Configuration(
      additionalChannelHandlers: [RequestDeadline(limit)], idleTimeout: limit,
      httpDecoderConfiguration: .init(
        maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 32 << 10, maxHeaderFieldCount: 100))
    var server = HTTPServerBuilder.http1(configuration: http)
    if let certificate = configuration.certificate {
      let chain = try NIOSSLCertificate.fromPEMFile(certificate.chain)
      var tls = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(file: certificate.key, format: .pem)))
      tls.minimumTLSVersion = .tlsv12
      server = try .tls(server, tlsConfiguration: tls)
    }
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .notice)
    let application = Application(
      router: routes().router, server: server,
      configuration: .init(
        address: .hostname(configuration.host, port: configuration.port), serverName: "blemish",
        availableConnectionsDelegate: .maximum(configuration.maximumConnections, logger: quiet)),
      onServerRunning: { channel in listening(channel.localAddress?.port ?? 0) },
      logger: logger)
    let services = ServiceGroup(
      configuration: .init(
        services: [
          .init(service: application), .init(service: Housekeeping(station: self)),
        ],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet))
    do {
      try await services.run()
    } catch let error as any Error & CustomStringConvertible
      where error is IOError || error is NIOConnectionError
    {
      await end()
      throw StationError.address(host: configuration.host, port: configuration.port, reason: "\(error)")
    }
    await end()
  }
}

/// What the station does beside serving, until it ends.
private struct Housekeeping: Service {
  let station: Station

  func run() async throws {
    await withGracefulShutdownHandler {
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await station.watchSources() }
        group.addTask {
          while !Task.isCancelled {
            station.trim()
            try? await Task.sleep(for: .seconds(60))
          }
        }
        await gracefulEnd()
        group.cancelAll()
      }
    } onGracefulShutdown: {
      station.refuse()
    }
  }

  private func gracefulEnd() async {
    try? await gracefulShutdown()
  }
}
