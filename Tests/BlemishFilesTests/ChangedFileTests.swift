import BlemishFiles
import Foundation
import Synchronization
import Testing

/// Files that others write to while they are read. A mapped one would end the process here.
@Suite struct ChangedFileTests {
  enum Change: CaseIterable { case truncated, copiedOver }
  enum Kind: CaseIterable { case safetensors, pytorch }

  @Test(arguments: Change.allCases, Kind.allCases)
  func aFileThatChangesIsAnErrorOrWhole(_ change: Change, _ kind: Kind) throws {
    let folder = try TemporaryFolder()
    let path = folder.path("weights")
    func make(_ number: Float) throws -> Data {
      let tensors = Dictionary(
        uniqueKeysWithValues: (0..<20).map {
          ("t\($0)", StoredTensor(floats: [Float](repeating: number, count: 20_000), shape: [20_000]))
        })
      switch kind {
      case .safetensors: try SafeTensors.write(WeightFile(tensors: tensors), to: path)
      case .pytorch: try PyTorchFile.write(.stateDict(tensors), to: path)
      }
      return try Data(contentsOf: URL(fileURLWithPath: path))
    }
    let versions = [try make(1), try make(2)]
    let isDone = Atomic(false)
    let finished = DispatchGroup()
    finished.enter()
    Thread.detachNewThread {
      var round = 0
      while !isDone.load(ordering: .relaxed) {
        round += 1
        if change == .truncated { truncate(path, off_t(round * 7919 % versions[0].count)) }
        // As cp does: into the file that is there.
        let file = open(path, O_WRONLY | O_TRUNC)
        versions[round % 2].withUnsafeBytes { _ = write(file, $0.baseAddress, $0.count) }
        close(file)
        usleep(UInt32(round % 5) * 400)
      }
      finished.leave()
    }
    var (whole, changed) = (0, 0)
    let end = ContinuousClock.now + .seconds(2)
    while ContinuousClock.now < end {
      do {
        let file = try WeightFile(readingAny: path)
        whole += 1
        let values = Set(file.tensors.values.flatMap { [$0.floats().first!, $0.floats().last!] })
        #expect(values == [1] || values == [2])
      } catch let error as DataFileError {
        #expect(error.path == path)
        changed += 1
      }
    }
    isDone.store(true, ordering: .relaxed)
    finished.wait()
    #expect(whole + changed > 20 && changed > 0)
  }

  @Test func entriesThatLieOnTopOfEachOtherAreAnError() throws {
    // One entry of a zip file, listed twice under two names that a pickle asks for, is read once or not at all.
    let folder = try TemporaryFolder()
    let tensor = StoredTensor(floats: [Float](repeating: 1, count: 1000), shape: [1000])
    try PyTorchFile.write(.stateDict(["a": tensor, "b": tensor]), to: folder.path("two"))
    #expect(try WeightFile(readingAny: folder.path("two")).tensors.count == 2)
  }

  @Test func memoryIsNotHeldTwice() throws {
    let folder = try TemporaryFolder()
    let large = StoredTensor(floats: [Float](repeating: 1, count: 10_000_000), shape: [10_000_000])
    try SafeTensors.write(
      WeightFile(tensors: ["a": large, "b": large, "c": large]), to: folder.path("w"))
    let before = residentBytes()
    let file = try SafeTensors.read(folder.path("w"))
    #expect(residentBytes() - before < 160_000_000)
    #expect(file.tensors.count == 3)
  }

  private func residentBytes() -> Int {
    let fields = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
    return (fields?.dropFirst().first).flatMap { Int($0) }.map { $0 * Int(getpagesize()) } ?? 0
  }
}
