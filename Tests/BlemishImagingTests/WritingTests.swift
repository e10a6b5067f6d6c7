import Foundation
import Testing

@testable import BlemishImaging

@Suite struct WritingTests {
  @Test func writtenPicturesAreReadBackAndLeaveNoOtherFile() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/picture.png"
      for seed in 1...2 as ClosedRange<UInt64> {
        let picture = Picture.noise(width: 12, height: 8, channels: 3, seed: seed)
        try picture.write(png: path)
        #expect(try Picture(contentsOf: path) == picture)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["picture.png"])
      }
    }
  }

  @Test func whatCannotBeWrittenIsAnErrorThatNamesThePath() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/none/picture.png"
      #expect(throws: PictureError.file(.folderMissing(path: path, folder: folder + "/none"))) {
        try Picture.noise(width: 2, height: 2, channels: 1).write(png: path)
      }
      // A folder cannot be replaced by a file: the temporary file must go again.
      let taken = folder + "/taken"
      try FileManager.default.createDirectory(atPath: taken + "/full", withIntermediateDirectories: true)
      #expect(throws: PictureError.self) {
        try Picture.noise(width: 2, height: 2, channels: 1).write(png: taken)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["taken"])
    }
  }
}
