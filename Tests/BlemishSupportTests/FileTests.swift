import Foundation
import Testing

@testable import BlemishSupport

@Suite struct AtomicFileTests {
  private let text = [Data("new".utf8)]

  @Test func aFileIsReplacedWholeWithItsPermissions() throws {
    try withFolder { folder in
      let path = folder + "/a"
      try AtomicFile.replace(path, with: [Data("o".utf8), Data("ld".utf8)])
      #expect(try readRegularFile(path) == Data("old".utf8))
      chmod(path, 0o640)
      try AtomicFile.replace(path, with: text)
      #expect(try readRegularFile(path) == Data("new".utf8))
      #expect(FileStatus(path)?.mode == 0o640)
      #expect(try folderEntries(folder) == ["a"])
    }
  }

  @Test func linksAreFollowedDanglingOnesToo() throws {
    try withFolder { folder in
      symlink("b", folder + "/a")
      symlink(folder + "/c", folder + "/b")
      try AtomicFile.replace(folder + "/a", with: text)
      #expect(try readRegularFile(folder + "/c") == text[0])
      try AtomicFile.replace(folder + "/a", with: [Data()])
      #expect(try readRegularFile(folder + "/c").isEmpty)
      #expect(try folderEntries(folder).sorted() == ["a", "b", "c"])
      symlink("none/x", folder + "/d")
      let error = FileSystemError.folderMissing(path: folder + "/d", folder: folder + "/none")
      #expect(throws: error) { try AtomicFile.replace(folder + "/d", with: text) }
      symlink("e", folder + "/e")
      #expect(throws: FileSystemError.self) { try AtomicFile.replace(folder + "/e", with: text) }
    }
  }

  @Test func onlyOwnFilesAreReplacedUnlessForced() throws {
    let own = OwnFile.text("a table", beginningWith: ["name,score\n"])
    try withFolder { folder in
      let path = folder + "/a"
      try AtomicFile.replace(path, with: text, replacing: .own([own]))
      let foreign = FileSystemError.foreign(path: path, expected: "a table")
      #expect(throws: foreign) { try AtomicFile.check(path, replacing: .own([own])) }
      #expect(throws: foreign) { try AtomicFile.replace(path, with: [Data()], replacing: .own([own])) }
      #expect(try readRegularFile(path) == text[0])
      try AtomicFile.replace(
        path, with: [Data("name,score\n1,2\n".utf8)], replacing: .own([own], force: true))
      try AtomicFile.check(path, replacing: .own([own]))
      // An empty file holds nothing that could be lost.
      try AtomicFile.replace(path, with: [Data()], replacing: .own([own]))
      try AtomicFile.replace(path, with: text, replacing: .own([own]))
      #expect(try folderEntries(folder) == ["a"])
    }
  }

  @Test func devicesPipesSocketsAndFoldersAreNeverReplaced() throws {
    try withFolder { folder in
      let pipe = folder + "/pipe"
      mkfifo(pipe, 0o600)
      symlink("/dev/full", folder + "/device")
      mkdir(folder + "/folder", 0o700)
      for (name, error) in [
        ("pipe", FileSystemError.notRegular(path: pipe, kind: .pipe)),
        ("device", .notRegular(path: folder + "/device", kind: .characterDevice)),
        ("folder", .isFolder(path: folder + "/folder")), ("folder/", .isFolder(path: folder + "/folder/")),
        ("none/", .isFolder(path: folder + "/none/")),
        ("none/x", .folderMissing(path: folder + "/none/x", folder: folder + "/none")),
      ] {
        let path = "\(folder)/\(name)"
        #expect(throws: error) { try AtomicFile.replace(path, with: text) }
        #expect(throws: error) { try AtomicFile.check(path) }
      }
      #expect(throws: FileSystemError.emptyPath) { try AtomicFile.replace("", with: text) }
      #expect(FileStatus(pipe)?.kind == .pipe)
      let left = try folderEntries(folder).sorted()
      #expect(left == ["device", "folder", "pipe"])
    }
  }

  @Test func modelsAndReportsAreRecognised() {
    func safetensors(_ header: String) -> Data {
      withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8)
    }
    #expect(OwnFile.model.recognises(safetensors(#"{"__metadata__":{"blemish":"{}"},"a":{}}"#)))
    #expect(!OwnFile.model.recognises(safetensors(#"{"__metadata__":{"format":"pt"},"a":{}}"#)))
    #expect(!OwnFile.model.recognises(safetensors(#"{"blemish":{}}"#)))
    #expect(!OwnFile.model.recognises(Data("blemish".utf8)))
    #expect(!OwnFile.model.recognises(Data(repeating: 0xFF, count: 30)))
    #expect(OwnFile.report.recognises(Data("<html><head>\(OwnFile.reportMark) 0.1\"></head>".utf8)))
    #expect(!OwnFile.report.recognises(Data("<html><head></head>".utf8)))
  }

  @Test func whatKilledRunsLeftIsRemovedAndWhatIsWrittenStays() async throws {
    let folder = try TestFolder()
    let path = folder.path
    // A process that is killed while it writes: its file stays behind.
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      try AtomicFile.replace(path + "/a", with: [Data("half".utf8)])
      try AtomicFile.replace(path + "/a") { writer throws(FileSystemError) in
        kill(getpid(), SIGKILL)
        while true { pause() }
      }
    }
    let leftovers = try folderEntries(path).filter { $0.hasPrefix(".blemish-") }
    #expect(leftovers.count == 1)
    try Data("mine".utf8).write(to: URL(fileURLWithPath: path + "/.blemish-notes"))
    var counts: [Int] = []
    try AtomicFile.replace(path + "/b") { writer throws(FileSystemError) in
      // This one is being written: another process that looks now leaves it.
      counts.append(try folderEntries(path).count)
      AtomicFile.removeLeftovers(in: path)
      counts.append(try folderEntries(path).count)
    }
    #expect(counts == [3, 3])
    #expect(try folderEntries(path).sorted() == [".blemish-notes", "a", "b"])
    #expect(try readRegularFile(path + "/a") == Data("half".utf8))
  }

  @Test func theLimitOnTheSizeOfFilesIsAnError() async {
    await #expect(processExitsWith: .success) {
      let folder = try TestFolder()
      var limit = rlimit(rlim_cur: 5000, rlim_max: 5000)
      precondition(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
      ignoreFileSizeSignal()
      let path = folder.path + "/a"
      let error = #expect(throws: FileSystemError.self) {
        try AtomicFile.replace(path, with: [Data(count: 6000)])
      }
      try #require(error == .fileSizeLimit(path: path))
      try #require(try folderEntries(folder.path) == [])
    }
  }

  @Test func destinationsAreWhatTheirTextsSay() throws {
    try withFolder { folder in
      #expect(try OutputDestination("/dev/null") == .nowhere)
      #expect(try OutputDestination("-") == .standardOutput)
      #expect(try OutputDestination(folder + "/new") == .file(folder + "/new"))
      symlink("/dev/null", folder + "/null")
      #expect(try OutputDestination(folder + "/null") == .nowhere)
      #expect(throws: FileSystemError.emptyPath) { try OutputDestination("") }
      #expect(throws: FileSystemError.isFolder(path: folder)) { try OutputDestination(folder) }
      #expect(throws: FileSystemError.isFolder(path: folder + "/new/")) {
        try OutputDestination(folder + "/new/")
      }
      #expect(throws: FileSystemError.notRegular(path: "/dev/zero", kind: .characterDevice)) {
        try OutputDestination("/dev/zero")
      }
      try OutputDestination.nowhere.write(text, replacing: .anyFile)
      try OutputDestination(folder + "/new").write(text, replacing: .own([.report]))
      #expect(try readRegularFile(folder + "/new") == text[0])
      #expect(FileStatus("/dev/null")?.kind == .characterDevice)
    }
  }
}

@Suite struct RegularFileTests {
  @Test func whatIsNoFileIsAnErrorOfItsOwn() throws {
    try withFolder { folder in
      #expect(throws: FileSystemError.missing(path: folder + "/a")) { try readRegularFile(folder + "/a") }
      #expect(throws: FileSystemError.isFolder(path: folder)) { try readRegularFile(folder) }
      #expect(throws: FileSystemError.emptyPath) { try readRegularFile("") }
      #expect(throws: FileSystemError.notRegular(path: "/dev/zero", kind: .characterDevice)) {
        try readRegularFile("/dev/zero")
      }
      mkfifo(folder + "/pipe", 0o600)
      #expect(throws: FileSystemError.notRegular(path: folder + "/pipe", kind: .pipe)) {
        try readRegularFile(folder + "/pipe")
      }
      // A zero byte would end the path for the system: "a\0" is not "a".
      try AtomicFile.replace(folder + "/a", with: [Data("abc".utf8)])
      #expect(throws: FileSystemError.self) { try readRegularFile(folder + "/a\0") }
      #expect(throws: FileSystemError.tooLarge(path: folder + "/a", limit: 2)) {
        try readRegularFile(folder + "/a", limit: 2)
      }
      #expect(try readRegularFile(folder + "/a", limit: 2, prefix: 2) == Data("ab".utf8))
    }
  }

  @Test func aFileThatChangesWhileItIsReadIsAnError() throws {
    try withFolder { folder in
      let path = folder + "/a"
      try Data(count: 10_000).write(to: URL(fileURLWithPath: path))
      let shorter = try RegularFile(path)
      truncate(path, 100)
      #expect(throws: FileSystemError.changed(path: path)) { try shorter.bytes(at: 0, count: 10_000) }
      let longer = try RegularFile(path)
      _ = try longer.bytes(at: 0, count: 100)
      try longer.requireUnchanged()
      truncate(path, 200)
      #expect(throws: FileSystemError.changed(path: path)) { try longer.requireUnchanged() }
      // Another file in its place is no change of the one that is read.
      let replaced = try RegularFile(path)
      try AtomicFile.replace(path, with: [Data("x".utf8)])
      #expect(try replaced.bytes(at: 0, count: 200).count == 200)
    }
  }

  @Test func messagesSayWhatIsWrongInPlainWords() {
    let errors: [FileSystemError] = [
      .init(code: EACCES, path: "p", access: .read), .init(code: ENOSPC, path: "p", access: .write),
      .init(code: EROFS, path: "p", access: .write), .init(code: EFBIG, path: "p", access: .write),
      .init(code: EIO, path: "p", access: .read), .init(code: ENOENT, path: "p", access: .read),
    ]
    #expect(
      errors.map(\.description) == [
        "p: cannot be read: permission is denied", "p: cannot be written: the disk is full",
        "p: cannot be written: the file system is read-only",
        "p: cannot be written: it would be larger than the limit on the size of files allows",
        "p: cannot be read: input/output error", "p: there is no such file or folder",
      ])
  }
}

@Suite struct FileNameTests {
  @Test func everyNameHasOneTextAndBack() throws {
    let names: [[UInt8]] = [
      Array("plain.png".utf8), [0xFF], [0x61, 0xE2, 0x82], [0xE2, 0x82, 0xAC], [0xC0, 0x80],
      [0xED, 0xA0, 0x80],
      [0xEE, 0xBE, 0x80], [0xEE, 0xBF, 0xBF, 0xFF], [0xF4, 0x90, 0x80, 0x80], Array("é🧵".utf8),
      [0x80, 0x0A, 0x1B],
    ]
    for name in names { #expect(fileNameBytes(fileName(name)) == name) }
    #expect(Set(names.map { fileName($0) }).count == names.count)
    #expect(fileName(Array("é🧵.png".utf8)) == "é🧵.png")
    var random = RandomStream(seed: 7)
    for _ in 0..<2000 {
      let bytes = (0..<Int.random(in: 0..<9, using: &random)).map { _ in
        UInt8.random(in: 1...255, using: &random)
      }
      let text = fileName(bytes)
      #expect(fileNameBytes(text) == bytes)
      // Reversible in JSON, too.
      let json = try JSONEncoder().encode([text])
      #expect(try JSONDecoder().decode([String].self, from: json).map { fileNameBytes($0) } == [bytes])
    }
  }

  @Test func namesOfAnyBytesAreListedAndOpened() throws {
    try withFolder { folder in
      let name = fileName([0x61, 0xFE, 0x0A])
      try AtomicFile.replace("\(folder)/\(name)", with: [Data("x".utf8)])
      #expect(try folderEntries(folder) == [name])
      #expect(try readRegularFile("\(folder)/\(name)") == Data("x".utf8))
      try makeFolder("\(folder)/\(name)2/b/c/")
      try makeFolder("\(folder)/\(name)2/b")
      #expect(FileStatus("\(folder)/\(name)2/b/c")?.kind == .folder)
      #expect(throws: FileSystemError.notFolder(path: "\(folder)/\(name)")) {
        try makeFolder("\(folder)/\(name)")
      }
      #expect(throws: FileSystemError.notFolder(path: "\(folder)/\(name)")) {
        try folderEntries("\(folder)/\(name)")
      }
    }
  }

  @Test func nothingInANameReachesTheTerminal() {
    #expect(printable("plain é🧵.png") == "plain é🧵.png")
    #expect(printable("a\nb\u{1B}[2Jc\r\t\u{7F}\u{9B}") == #"a\nb\x1b[2Jc\r\t\x7f\u{9b}"#)
    #expect(printable("a\u{202E}gnp.b") == #"a\u{202e}gnp.b"#)
    #expect(printable(fileName([0x61, 0xFF])) == #"a\xff"#)
    #expect(
      FileSystemError.missing(path: "a\nGOOD").description == #"a\nGOOD: there is no such file or folder"#)
  }

  @Test func onePathHasOnePlainText() {
    for path in ["x/y.png", "./x/y.png", "x//y.png", "x/./y.png", "././x/y.png/"] {
      #expect(plainPath(path) == "x/y.png")
    }
    #expect(
      plainPath("//a/./b/") == "/a/b" && plainPath("./") == "." && plainPath("") == ""
        && plainPath("/") == "/")
    #expect(plainPath("../a") == "../a")
  }

  @Test func theFolderOfAPath() {
    let folders = ["a": ".", "/": "/", "/a": "/", "b/a": "b", "é/x": "é", "": "."]
    for (path, folder) in folders { #expect(folderName(path) == folder) }
  }
}

@Suite struct ByteReaderTests {
  @Test func nothingOutsideIsRead() throws {
    // A slice, whose indices do not begin at 0.
    let data = Data([9, 9, 1, 2, 3, 4])[2...]
    var reader = ByteReader(data)
    #expect(reader.uint16(at: 0) == 0x0201 && reader.uint32(at: 0) == 0x0403_0201)
    for offset in [-1, 1, 4, .max, .min] { #expect(reader.uint32(at: offset) == nil) }
    #expect(reader.byte(at: 4) == nil && reader.slice(from: 3, length: 9) == Data([4]))
    #expect(reader.slice(from: -1).isEmpty && reader.slice(from: 9).isEmpty)
    #expect(ByteReader(data, isBigEndian: true).int32(at: 0) == 0x0102_0304)
    #expect(try reader.read(UInt16.self) == 0x0201 && reader.readBytes(1) == Data([3]))
    #expect(throws: EndOfBytes.self) { try reader.read(UInt16.self) }
    #expect(throws: EndOfBytes.self) { try reader.readBytes(UInt64.max) }
    #expect(throws: EndOfBytes.self) { try reader.readBytes(-1) }
    #expect(throws: EndOfBytes.self) { try reader.readLine() }
    #expect(reader.remaining == 1)
  }
}

final class TestFolder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/blemish-support-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { _ = try? Process.run(URL(fileURLWithPath: "/bin/rm"), arguments: ["-rf", path]) }
}

func withFolder(_ body: (String) throws -> Void) throws {
  let folder = try TestFolder()
  try withExtendedLifetime(folder) { try body(folder.path) }
}
