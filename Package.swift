// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "blemish",
  products: [
    .library(name: "Blemish", targets: ["Blemish"]),
    .executable(name: "blemish", targets: ["blemish-tool"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // libtorch, found through libtorch.pc (see scripts/setup): no unsafe flags, so that others can depend on us.
    .systemLibrary(name: "CLibTorch", pkgConfig: "libtorch"),
    .target(name: "CTorch", dependencies: ["CLibTorch"]),
    .target(name: "Torch", dependencies: ["CTorch"]),
    .target(name: "Backbones", dependencies: ["Torch"]),
    .target(name: "Flows", dependencies: ["Torch"]),
    .target(
      name: "Blemish",
      dependencies: [
        "Torch", "Backbones", "Flows", "Yams",
      ]),
    .executableTarget(
      name: "blemish-tool",
      dependencies: [
        "Blemish", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Sources/blemish"),
  ],
  cxxLanguageStandard: .cxx20
)
