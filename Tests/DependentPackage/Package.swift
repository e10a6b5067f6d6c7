// swift-tools-version: 6.2
import PackageDescription

// A package of somebody else's, which depends on Blemish by address and version as any user's does. It shows that
// the library asks for no unsafe flags, which SwiftPM refuses in dependencies, and that libtorch is found through
// pkg-config; and what a program links that only judges pictures, and one that trains a detector of its own. `.ci/run`
// builds and runs both; BLEMISH_URL is the address.
let package = Package(
  name: "dependent",
  dependencies: [
    .package(url: Context.environment["BLEMISH_URL"] ?? "https://example.com/blemish", from: "0.2.0")
  ],
  targets: [
    .executableTarget(name: "inspect-one", dependencies: [.product(name: "Blemish", package: "blemish")]),
    .executableTarget(
      name: "add-detector",
      dependencies: [
        .product(name: "Blemish", package: "blemish"), .product(name: "BlemishTraining", package: "blemish"),
      ]),
  ]
)
