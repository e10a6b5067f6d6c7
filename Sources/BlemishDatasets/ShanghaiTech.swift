import BlemishFiles

/// ShanghaiTech Campus (Liu et al., CVPR 2018): `testing/frames/VIDEO/*.jpg`, a label for each frame in
/// `testing/test_frame_mask/VIDEO.npy`, masks in `testing/test_pixel_mask/VIDEO.npy`. The training part is published
/// as `training/videos/VIDEO.avi`; the frames of videos are extracted into `training/frames/VIDEO` once.
enum ShanghaiTech: DatasetLayout {
  static let format = DatasetFormat.shanghaiTech
  static let evidence =
    "testing/frames/VIDEO/*.jpg and testing/test_frame_mask/VIDEO.npy, training/frames/VIDEO"

  static func recognises(_ folder: Folder) -> Bool {
    let testing = folder / "testing"
    return (testing / "frames").exists
      && ((testing / "test_frame_mask").exists || (testing / "test_pixel_mask").exists)
  }

  static func read(_ folder: Folder, category: String?, options: DatasetOptions) throws -> Dataset {
    let training = folder / "training" / "frames"
    try VideoFrames.extract(folder / "training" / "videos", into: training)
    var samples = training.subfolders.flatMap { video in
      (training / video).pictures.map {
        Sample(
          path: (training / video).file($0),
          name: "training/frames/\(video)/\($0)",
          split: .train,
          group: video
        )
      }
    }
    guard !samples.isEmpty else {
      throw DatasetError.noGoodPictures(path: training.path)
    }
    let testing = folder / "testing"
    var warnings: [DatasetWarning] = []
    let videos = (testing / "frames").subfolders
    for video in videos { samples += try testSamples(testing, video: video) }
    for labels in ["test_frame_mask", "test_pixel_mask"] {
      for file in (testing / labels).files(endingIn: ["npy"]) where !videos.contains(stem(file)) {
        warnings.append(.maskWithoutPicture(path: testing.file("\(labels)/\(file)")))
      }
    }
    return Dataset(name: folder.name, format: format, samples: samples, warnings: warnings)
  }

  private static func testSamples(_ testing: Folder, video: String) throws -> [Sample] {
    let own = testing / "frames" / video
    let frames = own.pictures
    let pixelFile = testing.file("test_pixel_mask/\(video).npy")
    let frameFile = testing.file("test_frame_mask/\(video).npy")
    let pixels = (testing / "test_pixel_mask").contains("\(video).npy") ? try NumpyFile(path: pixelFile) : nil
    if let pixels, pixels.shape.count != 3 || pixels.shape[0] != frames.count {
      throw DatasetError.arrayShape(
        path: pixelFile, shape: pixels.shape,
        expected: "[\(frames.count), height, width] for the frames of \(own.path)")
    }
    let isAnomalous: [Bool]
    if (testing / "test_frame_mask").contains("\(video).npy") {
      let labels = try NumpyFile(path: frameFile)
      guard labels.shape == [frames.count] else {
        throw DatasetError.arrayShape(
          path: frameFile, shape: labels.shape, expected: "[\(frames.count)] for the frames of \(own.path)")
      }
      isAnomalous = try labels.nonzero(from: 0, count: frames.count)
    } else if let pixels {
      isAnomalous = try frames.indices.map { try pixels.frame($0).contains(true) }
    } else {
      throw DatasetError.noLabels(path: own.path, expected: frameFile)
    }
    return frames.indices.map { index in
      Sample(
        path: own.file(frames[index]),
        name: "testing/frames/\(video)/\(frames[index])",
        split: .test,
        defectType: isAnomalous[index] ? "anomaly" : Sample.good,
        groundTruth: isAnomalous[index] && pixels != nil ? .numpy(pixelFile, frame: index) : nil,
        group: video
      )
    }
  }
}
