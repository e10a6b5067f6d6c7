// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "blemish",
  products: [
    .library(
      name: "Blemish",
      targets: ["Blemish", "Datasets", "Backbones", "Imaging", "Torch", "AContrario", "Metrics"]),
    .executable(name: "blemish", targets: ["blemish-tool"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // libtorch, found through libtorch.pc (see scripts/setup): no unsafe flags, so that others can depend on us.
    .systemLibrary(name: "CLibTorch", pkgConfig: "libtorch"),
    .target(name: "CTorch", dependencies: ["CLibTorch"]),
    .target(name: "Torch", dependencies: ["CTorch"]),
    .target(
      name: "CImageCodecs",
      linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("png"), .linkedLibrary("tiff")]),
    .target(name: "Imaging", dependencies: ["CImageCodecs"]),
    .target(name: "Datasets", dependencies: ["Imaging"]),
    .target(name: "Synthesis"),
    // The embedded backbone's weights, which the compiler reads with #embed.
    .target(name: "CEmbeddedWeights", exclude: ["embedded.safetensors"]),
    .target(name: "Backbones", dependencies: ["Torch", "CEmbeddedWeights"]),
    .target(name: "Flows", dependencies: ["Torch"]),
    .target(name: "AContrario"),
    .target(name: "Metrics"),
    .target(
      name: "Blemish",
      dependencies: [
        "Torch", "Imaging", "Datasets", "Synthesis", "Backbones", "Flows", "AContrario", "Metrics", "Yams",
        .product(name: "Crypto", package: "swift-crypto"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
      ]),
    .executableTarget(
      name: "blemish-tool",
      dependencies: [
        "Blemish", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], path: "Sources/blemish"),
    // The recorded numbers of the published code that tests compare with.
    .target(name: "GoldenCases", dependencies: ["Torch"], path: "Tests/GoldenCases"),
    .testTarget(name: "TorchTests", dependencies: ["Torch", "GoldenCases"], exclude: ["Files"]),
    .testTarget(name: "ImagingTests", dependencies: ["Imaging", "GoldenCases"]),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "Imaging"]),
    .testTarget(name: "SynthesisTests", dependencies: ["Synthesis"]),
    .testTarget(name: "BackbonesTests", dependencies: ["Backbones", "GoldenCases"]),
    .testTarget(name: "AContrarioTests", dependencies: ["AContrario", "GoldenCases"]),
    .testTarget(name: "MetricsTests", dependencies: ["Metrics", "GoldenCases"]),
    // A device that libtorch takes for another than the processor.
    .target(name: "CSecondDevice", dependencies: ["CLibTorch"], path: "Tests/CSecondDevice"),
    .testTarget(name: "BlemishTests", dependencies: ["Blemish", "GoldenCases", "CSecondDevice"]),
    // Runs the built tool as a user does.
    .testTarget(
      name: "ToolTests", dependencies: ["blemish-tool", "Blemish", "Datasets", "Imaging", "Torch"]),
  ],
  cxxLanguageStandard: .cxx20
)
