// swift-tools-version: 6.2
import PackageDescription

// A package of somebody else's, which depends on Blemish by address and version as any user's does. It shows that
// the library asks for no unsafe flags, which SwiftPM refuses in dependencies, and that libtorch is found through
// pkg-config. `.ci/run` builds and runs it; BLEMISH_URL is the address.
let package = Package(
  name: "dependent",
  dependencies: [
    .package(url: Context.environment["BLEMISH_URL"] ?? "https://example.com/blemish", from: "0.1.0")
  ],
  targets: [
    .executableTarget(name: "inspect-one", dependencies: [.product(name: "Blemish", package: "blemish")])
  ]
)
