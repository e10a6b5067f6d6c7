// swift-tools-version: 6.2
import PackageDescription

// The inspection station. It is a package of its own, so that who trains, predicts or depends on the library neither
// fetches nor builds a server: `make station` builds it.
let package = Package(
  name: "blemish-station",
  products: [
    .library(name: "BlemishService", targets: ["BlemishService"]),
    .executable(name: "blemish-station", targets: ["blemish-station"]),
  ],
  dependencies: [
    .package(name: "blemish", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(
      url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: ["FullFoundation"]),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
  ],
  targets: [
    // The page's files, which the compiler reads with #embed.
    .target(name: "CStationPage", exclude: ["files"]),
    .systemLibrary(name: "CStationCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CMosquitto", providers: [.apt(["libmosquitto-dev"])]),
    .target(
      name: "BlemishService",
      dependencies: [
        "CStationPage", "CStationCrypto", "CMosquitto",
        .product(name: "Blemish", package: "blemish"),
        .product(name: "BlemishTraining", package: "blemish"),
        .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdCore", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "HTTPTypes", package: "swift-http-types"),
        .product(name: "Logging", package: "swift-log"),
        .product(name: "NIOCore", package: "swift-nio"),
        .product(name: "NIOPosix", package: "swift-nio"),
        .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
        .product(name: "NIOSSL", package: "swift-nio-ssl"),
        .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
        "Yams",
      ]),
    .executableTarget(
      name: "blemish-station",
      dependencies: [
        "BlemishService", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    // Stations as child processes, and what they are asked.
    .target(
      name: "StationTestSupport", dependencies: [.product(name: "Blemish", package: "blemish")],
      path: "Tests/StationTestSupport"),
    .testTarget(name: "BlemishServiceTests", dependencies: ["BlemishService", "StationTestSupport"]),
    // Runs the built program as clients do.
    .testTarget(
      name: "StationTests", dependencies: ["blemish-station", "BlemishService", "StationTestSupport"],
      exclude: ["triton_client.py", "schemathesis.toml"]),
  ],
  cxxLanguageStandard: .cxx20
)
