import BlemishFiles
import BlemishSupport
import Foundation
import Testing

@Suite struct ArrayTests {
  private func array(_ type: String, _ shape: String, _ bytes: [UInt8]) -> Data {
    let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }\n"
    return Data(
      [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count), 0] + Array(header.utf8) + bytes)
  }

  @Test func valuesOtherThanZeroAreFound() throws {
    let bytes = try NumpyFile(array("|u1", "(1, 1, 3)", [0, 1, 0]), path: "a")
    #expect(try bytes.shape == [1, 1, 3] && bytes.frame(0) == [false, true, false])
    // A negative zero is a zero.
    let floats = try NumpyFile(
      array("<f4", "(3,)", [0, 0, 0, 0x80, 0, 0, 0x80, 0x3F, 0, 0, 0, 0]), path: "a")
    #expect(try floats.nonzero(from: 0, count: 3) == [false, true, false])
    let big = try NumpyFile(array(">f4", "(2,)", [0x80, 0, 0, 0, 0x3F, 0x80, 0, 0]), path: "a")
    #expect(try big.nonzero(from: 0, count: 2) == [false, true])
    #expect(throws: DataFileError(path: "a", problem: .noFrame(1, shape: [1, 1, 3]))) { try bytes.frame(1) }
  }

  @Test func damagedArraysAreErrors() {
    #expect(throws: DataFileError(path: "a", problem: .impossibleShape([Int.max, Int.max]))) {
      try NumpyFile(array("|u1", "(\(Int.max), \(Int.max))", []), path: "a")
    }
    for file in [array("|u1", "(4,)", [1]), array("|O8", "(1,)", [0]), array("|u1", "(-1,)", [0]), Data()] {
      #expect(throws: DataFileError.self) { try NumpyFile(file, path: "a") }
    }
  }

  @Test func anEmptyFileSaysThatItIs() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("empty")
    try Data().write(to: URL(fileURLWithPath: path))
    let error = DataFileError(FileSystemError.empty(path: path))
    #expect(throws: error) { try WeightFile(readingAny: path) }
    #expect(throws: error) { try SafeTensors.read(path) }
    #expect(throws: error) { try NumpyFile(path: path) }
  }
}
