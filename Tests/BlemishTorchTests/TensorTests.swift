import BlemishFiles
import Foundation
import Testing

@testable import BlemishTorch

@Suite("Tensors") struct TensorTests {
  @Test func giveBackTheElementsAndTheShapeTheyWereMadeOf() {
    let tensor = Tensor((0..<24).map { Float($0) }, shape: [2, 3, 4])
    #expect(tensor.shape == [2, 3, 4] && tensor.rank == 3 && tensor.count == 24)
    #expect(tensor.size(0) == 2 && tensor.size(-1) == 4 && tensor.size(3) == 0 && tensor.size(-4) == 0)
    #expect(tensor.floats == (0..<24).map { Float($0) })
    #expect(Tensor([Int64.min, -1, .max], shape: [3]).elements(Int64.self) == [.min, -1, .max])
    #expect(Tensor([UInt8(0), 255], shape: [2, 1]).elements(UInt8.self) == [0, 255])
    #expect(Tensor([Double.pi], shape: []).item == .pi)
    #expect(Tensor([Float](), shape: [0, 5]).floats.isEmpty)
    #expect("\(tensor)" == "Tensor(float32, [2, 3, 4])")
  }

  @Test func readTheirElementsInRowMajorOrderWhateverTheMemoryLooksLike() {
    let tensor = Tensor((0..<6).map { Float($0) }, shape: [2, 3])
    #expect(tensor.transpose(0, 1).floats == [0, 3, 1, 4, 2, 5])
    #expect(tensor.narrow(1, from: 1, length: 2).floats == [1, 2, 4, 5])
    #expect(Tensor([Float(1), 2], shape: [2, 1]).expand([2, 3]).floats == [1, 1, 1, 2, 2, 2])
    let planes = Tensor((0..<24).map { Float($0) }, shape: [1, 2, 3, 4])
    #expect(planes.channelsLast().floats == planes.floats)
  }

  @Test(arguments: ElementType.allCases) func ofEveryTypeAreStoredAndReadBack(_ type: ElementType) throws {
    let tensor = Tensor([Float(0), 1, 1, 0], shape: [2, 2]).to(type)
    #expect(tensor.elementType == type)
    #expect(tensor.stored.elementType == type && tensor.stored.bytes.count == 4 * type.byteCount)
    #expect(Tensor(tensor.stored).to(.float32).floats == [0, 1, 1, 0])
  }

  @Test func areReadFromUnalignedSlices() throws {
    let bytes = [Float(3), 4].withUnsafeBytes { Data([0xFF]) + Data($0) }
    let stored = try StoredTensor(elementType: .float32, shape: [2], bytes: bytes.dropFirst())
    #expect(Tensor(stored).floats == [3, 4])
  }

  @Test func broadcast() {
    let column = Tensor([Float(1), 2], shape: [2, 1])
    let row = Tensor([Float(10), 20, 30], shape: [3])
    #expect((column + row).shape == [2, 3])
    #expect((column + row).floats == [11, 21, 31, 12, 22, 32])
    #expect((column * row).floats == [10, 20, 30, 20, 40, 60])
    #expect((row - column).floats == [9, 19, 29, 8, 18, 28])
    #expect((row / column).floats == [10, 20, 30, 5, 10, 15])
  }

  @Test func calculateWithNumbers() {
    let x = Tensor([Float(1), 4], shape: [2])
    #expect((x + 1).floats == [2, 5] && (x - 1).floats == [0, 3] && (1 - x).floats == [0, -3])
    #expect(
      (x * 2).floats == [2, 8] && (2 * x).floats == [2, 8] && (x / 2).floats == [0.5, 2]
        && (-x).floats == [-1, -4]
    )
    #expect(x.sqrt().floats == [1, 2] && x.square().floats == [1, 16] && x.clamp(2, 3).floats == [2, 3])
    #expect(x.addcmul(x, x).floats == [2, 20])
    #expect(x.sum().item == 5 && x.mean().item == 2.5)
  }

  @Test func changeTheirOwnMemoryAndThatOfTheirCopies() {
    let x = Tensor([Float(1), -2], shape: [2])
    let same = x
    let other = x.clone()
    x.add_(Tensor([Float(1), 1], shape: [2]), alpha: 2).mul_(3)
    #expect(same.floats == [9, 0] && other.floats == [1, -2])
    other.relu_()
    #expect(other.floats == [1, 0])
    other.copy_(x)
    #expect(other.floats == [9, 0])
  }

  @Test func areReducedOverDimensions() {
    let x = Tensor((0..<6).map { Float($0) }, shape: [2, 3])
    #expect(x.sum([0]).floats == [3, 5, 7])
    #expect(x.mean([1], keepingDimensions: true).shape == [2, 1])
    #expect(x.amax([0, 1]).shape == [] && x.amax([1]).floats == [2, 5])
    #expect(x.topk(2).floats == [2, 1, 5, 4])
    #expect(x.isFinite)
    #expect(!(x / 0).isFinite)
  }

  @Test func changeTheirShape() {
    let x = Tensor((0..<8).map { Float($0) }, shape: [1, 4, 1, 2])
    #expect(x.reshape([2, -1]).shape == [2, 4])
    #expect(
      x.flatten(from: 1).shape == [1, 8] && x.squeeze(0).shape == [4, 1, 2]
        && x.unsqueeze(0).shape == [1, 1, 4, 1, 2]
    )
    #expect(x.permute([3, 2, 1, 0]).shape == [2, 1, 4, 1])
    #expect(x.select(1, 2).floats == [4, 5])
    #expect(x.split([1, 3], along: 1).map(\.shape) == [[1, 1, 1, 2], [1, 3, 1, 2]])
    #expect(x.indexSelect(1, Tensor([Int64(3), 0], shape: [2])).floats == [6, 7, 0, 1])
    #expect(
      Tensor.cat([x, x], along: 2).shape == [1, 4, 2, 2] && Tensor.stack([x, x]).shape == [2, 1, 4, 1, 2]
    )
    // Channel 4c + 2i + j goes to pixel (2y + i, 2x + j).
    #expect(x.pixelShuffle(2).shape == [1, 1, 2, 4])
    #expect(x.pixelShuffle(2).floats == [0, 2, 1, 3, 4, 6, 5, 7])
    #expect(x.pixelShuffle(2).pixelUnshuffle(2).floats == x.floats)
  }

  @Test func areMadeOnDemand() {
    #expect(Tensor.zeros([2]).floats == [0, 0] && Tensor.ones([1, 2]).floats == [1, 1])
    #expect(Tensor.full([2], 0.5, elementType: .float64).elements(Double.self) == [0.5, 0.5])
    #expect(Tensor.arange(3, elementType: .int64).elements(Int64.self) == [0, 1, 2])
    #expect(Tensor.ones([3], elementType: .int64).zerosLike.elements(Int64.self) == [0, 0, 0])
  }

  @Test func differentiate() {
    let x = Tensor([Float(2), 3], shape: [2]).requiringGradient()
    #expect(x.requiresGradient && x.gradient == nil)
    (x.square() * Tensor([Float(1), 10], shape: [2])).sum().backward()
    #expect(x.gradient?.floats == [4, 60])
    x.sum().backward()
    #expect(x.gradient?.floats == [5, 61])
    x.clearGradient()
    #expect(x.gradient == nil)
    #expect(
      !x.detach().requiresGradient && !withoutGradient { x * 2 }.requiresGradient && (x * 2).requiresGradient
    )
  }

  @Test func gradientModeIsRestoredBehindAnError() {
    struct Failure: Error {}
    #expect(throws: Failure.self) { try withoutGradient { throw Failure() } }
    #expect((Tensor.ones([1]).requiringGradient() * 2).requiresGradient)
  }

  @Test func devicesThatAreNotThereAreAnError() {
    for name in ["", "cuda:99", "tpu", "cpu:-1", "cuda:99999999999999999999", "\u{0}"] {
      let error = #expect(throws: TorchError.self) { try Device(name) }
      #expect(error?.description.contains("'\(name)' is not available") == true)
    }
    #expect((try? Device("cpu")) == .cpu)
  }

  /// A process of its own: what other tests take would count.
  @Test func aHundredThousandOperationsLeaveNothingBehind() async {
    await #expect(processExitsWith: .success) {
      func residentPages() -> Int {
        let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
        return (fields?.dropFirst().first).flatMap { Int($0) } ?? 0
      }
      let weight = Tensor.ones([64, 64]).requiringGradient()
      let bias = Tensor.ones([64])
      func work(_ rounds: Int) {
        for _ in 0..<rounds {
          let x = Tensor([Float](repeating: 1, count: 64), shape: [1, 64])
          let parts = x.linear(weight, bias: bias).split([32, 32], along: 1)
          let loss = (Tensor.cat([parts[1], parts[0]], along: 1) * 0.5).square().sum()
          loss.backward()
          weight.clearGradient()
          _ = loss.item
          _ = try? withTorchErrors { x + Tensor.ones([3]) }
        }
      }
      work(500)
      let before = residentPages()
      // Ten operators a round, not counting those of the way back.
      work(10_000)
      let megabytes = Double(residentPages() - before) * Double(getpagesize()) / 1e6
      // One tensor lost a round would be 160 MB, one error text 20 MB.
      precondition(megabytes < 8, "\(megabytes) MB were lost")
    }
  }
}
