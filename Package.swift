// swift-tools-version: 6.2
import PackageDescription

// Data walks one way, and so do the modules: each may use what stands above it here.
let package = Package(
  name: "blemish",
  products: [
    .library(name: "Blemish", targets: ["Blemish", "CTorchEngine"]),
    .library(
      name: "BlemishTraining",
      targets: [
        "BlemishTraining", "BlemishEvaluation", "BlemishWeights", "BlemishExchange", "BlemishDatasets",
        "BlemishSynthesis", "CTorchEngine",
      ]),
    .library(name: "BlemishScoring", targets: ["BlemishScoring", "CTorchEngine"]),
    .executable(name: "blemish", targets: ["blemish-cli"]),
    // What the tool loads when it first computes something.
    .library(name: "blemish-torch", type: .dynamic, targets: ["CTorchEngine"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // libtorch, found through libtorch.pc (see scripts/setup): no unsafe flags, so that others can depend on us.
    .systemLibrary(name: "CLibTorch", pkgConfig: "libtorch"),
    .systemLibrary(name: "CLibCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CTorch"),
    .target(
      name: "CTorchEngine", dependencies: ["CLibTorch"],
      cxxSettings: [.headerSearchPath("../CTorch/include")]),
    .target(
      name: "CImageCodecs",
      linkerSettings: [
        .linkedLibrary("jpeg"), .linkedLibrary("png"), .linkedLibrary("tiff"), .linkedLibrary("webp"),
      ]),
    // The embedded backbone's weights, which the compiler reads with #embed.
    .target(name: "CEmbeddedWeights", exclude: ["embedded.safetensors"]),

    .target(name: "BlemishSupport", dependencies: ["CLibCrypto"]),
    .target(name: "BlemishFiles", dependencies: ["BlemishSupport", "CZlib"]),
    .target(name: "BlemishTorch", dependencies: ["CTorch", "BlemishFiles", "BlemishSupport"]),
    .target(name: "BlemishImaging", dependencies: ["CImageCodecs", "BlemishSupport"]),
    .target(name: "BlemishDatasets", dependencies: ["BlemishImaging", "BlemishFiles", "BlemishSupport"]),
    .target(name: "BlemishSynthesis", dependencies: ["BlemishImaging", "BlemishSupport"]),
    .target(
      name: "BlemishBackbones",
      dependencies: ["BlemishTorch", "BlemishFiles", "BlemishSupport", "CEmbeddedWeights"]),
    .target(name: "BlemishFlows", dependencies: ["BlemishTorch"]),
    .target(name: "BlemishAContrario", dependencies: ["BlemishSupport"]),
    .target(name: "BlemishMeasures", dependencies: ["BlemishSupport"]),
    .target(
      name: "BlemishCore",
      dependencies: [
        "BlemishTorch", "BlemishFiles", "BlemishImaging", "BlemishBackbones", "BlemishAContrario",
        "BlemishSupport",
      ]),
    .target(name: "BlemishDetectors", dependencies: ["BlemishCore", "BlemishFlows"]),
    // What an app imports that judges pictures, and no more.
    .target(name: "Blemish", dependencies: ["BlemishCore", "BlemishDetectors", "BlemishSupport"]),

    // One GET over HTTP through libcurl.
    .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
    .target(
      name: "BlemishWeights", dependencies: ["BlemishBackbones", "BlemishFiles", "BlemishSupport", "CCurl"]),
    // Millions of pictures over many machines.
    .target(name: "BlemishScoring", dependencies: ["BlemishCore", "BlemishWeights"]),
    .target(name: "BlemishExchange", dependencies: ["BlemishDetectors", "BlemishWeights"]),
    .target(
      name: "BlemishTraining",
      dependencies: [
        "BlemishDetectors", "BlemishDatasets", "BlemishMeasures", "BlemishSynthesis", "BlemishWeights",
        "Yams",
      ]),
    .target(name: "BlemishEvaluation", dependencies: ["BlemishTraining"]),
    .executableTarget(
      name: "blemish-cli",
      dependencies: [
        "Blemish", "BlemishExchange", "BlemishTraining", "BlemishEvaluation", "BlemishScoring",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // The recorded numbers of the published code that tests compare with.
    .target(
      name: "GoldenCases", dependencies: ["BlemishTorch", "BlemishFiles", "BlemishSupport", "CTorchEngine"],
      path: "Tests/GoldenCases"),
    // What the compiler does not check of the sources.
    .testTarget(name: "ArchitectureTests"),
    .testTarget(name: "BlemishSupportTests", dependencies: ["BlemishSupport"]),
    .testTarget(
      name: "BlemishFilesTests", dependencies: ["BlemishFiles", "GoldenCases"], exclude: ["Files"]),
    .testTarget(name: "BlemishTorchTests", dependencies: ["BlemishTorch", "GoldenCases"]),
    .testTarget(name: "BlemishImagingTests", dependencies: ["BlemishImaging", "GoldenCases"]),
    .testTarget(name: "BlemishDatasetsTests", dependencies: ["BlemishDatasets", "BlemishSynthesis"]),
    .testTarget(name: "BlemishSynthesisTests", dependencies: ["BlemishSynthesis"]),
    .testTarget(
      name: "BlemishBackbonesTests", dependencies: ["BlemishBackbones", "GoldenCases"],
      exclude: ["EfficientNetLite"]),
    .testTarget(name: "BlemishFlowsTests", dependencies: ["BlemishFlows", "GoldenCases"]),
    .testTarget(name: "BlemishAContrarioTests", dependencies: ["BlemishAContrario", "GoldenCases"]),
    .testTarget(name: "BlemishMeasuresTests", dependencies: ["BlemishMeasures", "GoldenCases"]),
    // A device that libtorch takes for another than the processor.
    .target(name: "CSecondDevice", dependencies: ["CLibTorch"], path: "Tests/CSecondDevice"),
    // Pictures, trainings and interruptions that several of the tests below need.
    .target(
      name: "TestSupport", dependencies: ["BlemishDetectors", "BlemishSynthesis", "BlemishTraining"],
      path: "Tests/TestSupport"),
    .testTarget(
      name: "BlemishCoreTests",
      dependencies: ["BlemishDetectors", "BlemishTraining", "GoldenCases", "TestSupport"],
      exclude: ["Models"]),
    .testTarget(
      name: "BlemishDetectorsTests",
      dependencies: ["BlemishDetectors", "BlemishTraining", "GoldenCases", "TestSupport"]),
    .testTarget(
      name: "BlemishTrainingTests",
      dependencies: ["BlemishTraining", "GoldenCases", "TestSupport", "CSecondDevice"]),
    .testTarget(name: "BlemishEvaluationTests", dependencies: ["BlemishEvaluation", "TestSupport"]),
    .testTarget(
      name: "BlemishWeightsTests",
      dependencies: ["CZlib", "BlemishWeights", "BlemishDatasets", "GoldenCases", "TestSupport"]),
    .testTarget(
      name: "BlemishScoringTests", dependencies: ["BlemishScoring", "BlemishDetectors", "TestSupport"]),
    .testTarget(
      name: "BlemishExchangeTests",
      dependencies: ["BlemishExchange", "BlemishTraining", "GoldenCases", "TestSupport"]),
    // Feeds damaged files to every reader: `make fuzz`.
    .executableTarget(
      name: "blemish-fuzz",
      dependencies: ["BlemishTraining", "CTorchEngine"],
      path: "Tests/Fuzz",
      exclude: ["Corpus"]),
    // Runs the built tool as a user does.
    .testTarget(
      name: "ToolTests",
      dependencies: ["blemish-cli", "BlemishCore", "BlemishFiles", "BlemishImaging", "BlemishSynthesis"]),
  ],
  cxxLanguageStandard: .cxx20
)
