import BlemishTorch

/// Blocks of the elements of a batch's pictures, none of two pictures: what kernels work on, and sum over, at a time,
/// whatever the number of threads, so that it decides no result.
struct PictureBlocks {
  /// The elements of a picture.
  let pictureSize: Int
  /// Those of a block; the last one of a picture may have fewer.
  let blockSize: Int
  /// Pictures.
  let batch: Int

  /// The blocks of a picture.
  var perPicture: Int { (pictureSize + blockSize - 1) / blockSize }

  /// Calls the body with every block, its picture and its elements, counted over all pictures, on all threads.
  func forEach(_ body: (_ block: Int, _ picture: Int, _ elements: Range<Int>) -> Void) {
    let perPicture = perPicture
    inParallel(batch * perPicture) { blocks in
      for block in blocks {
        let (picture, part) = block.quotientAndRemainder(dividingBy: perPicture)
        let (start, first) = (picture * pictureSize, part * blockSize)
        body(block, picture, start + first..<start + min(first + blockSize, pictureSize))
      }
    }
  }
}
