// What an app imports that judges pictures: `import Blemish`. It brings models and verdicts, pictures, and the
// detectors and backbones that can be named; no trainer, no data sets, no HTTP client.
@_exported import BlemishBackbones
@_exported import BlemishCore
@_exported import BlemishDetectors
@_exported import BlemishFiles
@_exported import BlemishImaging
@_exported import let BlemishSupport.blemishVersion
@_exported import BlemishTorch
