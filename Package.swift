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
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // libtorch, found through libtorch.pc (see Makefile): no unsafe flags, so that others can depend on us.
    .systemLibrary(name: "CLibTorch", pkgConfig: "libtorch"),
    .systemLibrary(
      name: "CPictureLibraries", pkgConfig: "blemish-pictures",
      providers: [.apt(["libjpeg62-turbo-dev", "libpng-dev", "libtiff-dev"])]),
    .target(name: "CTorch", dependencies: ["CLibTorch"]),
    .target(name: "CImageCodecs"),
    .target(name: "Torch", dependencies: ["CTorch"]),
    .target(name: "Imaging", dependencies: ["CImageCodecs"]),
    .target(name: "Datasets", dependencies: ["Imaging"]),
    .target(name: "Backbones", dependencies: ["Torch"]),
    .target(name: "Flows", dependencies: ["Torch"]),
    .target(name: "AContrario"),
    .target(name: "Metrics"),
    .target(
      name: "Blemish",
      dependencies: [
        "Torch", "Imaging", "Datasets", "Backbones", "Flows", "AContrario", "Metrics", "Yams",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .executableTarget(
      name: "blemish-tool",
      dependencies: [
        "Blemish", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Sources/blemish"),
  ],
  cxxLanguageStandard: .cxx20
)
