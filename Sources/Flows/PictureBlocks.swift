import Torch

/// Blocks of the elements of a batch's pictures, none of two pictures: what kernels work on, and sum over, at a time,
/// whatever the number of threads, so that it decides no result.
struct PictureBlocks {
  /// The elements of a picture, and of a block; the last of a picture may have fewer.
  let picture: Int
  let size: Int
  let batch: Int

  /// The blocks of a picture.
  var perPicture: Int { (picture + size - 1) / size }

  /// Calls the body with every block and its elements, counted over all pictures, on all threads.
  func forEach(_ body: (_ block: Int, _ elements: Range<Int>) -> Void) {
    let perPicture = perPicture
    inParallel(batch * perPicture) { blocks in
      for block in blocks {
        let (index, part) = block.quotientAndRemainder(dividingBy: perPicture)
        let first = part * size
        body(block, index * picture + first..<index * picture + min(first + size, picture))
      }
    }
  }
}
