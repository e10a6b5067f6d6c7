import Foundation

/// A headless Chromium that is driven by its debugging protocol, over two named pipes.
package final class Browser: @unchecked Sendable {
  /// The program; nil where none is installed.
  package static let program: String? = ["chromium", "chromium-browser", "google-chrome"].lazy
    .flatMap { name in
      (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
    }.first { access($0, X_OK) == 0 }

  /// Something that the browser refused, or that did not come about.
  package struct Failure: Error, CustomStringConvertible {
    package var description: String
  }

  private let folder: TemporaryFolder
  private let process = Process()
  private let commands: FileHandle
  private let lock = NSCondition()
  private var answers: [Int: [String: Any]] = [:]
  private var number = 0
  private var session = ""
  /// What the page's scripts complained of.
  private var complaints: [String] = []

  package init(width: Int = 1_200, height: Int = 900, dark: Bool = false) throws {
    folder = try TemporaryFolder()
    for name in ["in", "out"] { mkfifo(folder / name, 0o600) }
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    let options = [
      "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
      "--remote-debugging-pipe", "--user-data-dir=\(folder / "profile")", "--window-size=\(width),\(height)",
      "about:blank",
    ]
    process.arguments = [
      "-c",
      "exec '\(Self.program!)' \(options.joined(separator: " ")) 3<'\(folder / "in")' 4>'\(folder / "out")' 2>/dev/null",
    ]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    // Opening waits for the other side.
    commands = FileHandle(fileDescriptor: open(folder / "in", O_WRONLY))
    let output = FileHandle(fileDescriptor: open(folder / "out", O_RDONLY))
    Thread { [weak self] in
      var rest: [UInt8] = []
      while true {
        let data = output.availableData
        if data.isEmpty { return }
        rest += data
        while let end = rest.firstIndex(of: 0) {
          self?.take(Data(rest[..<end]))
          rest.removeSubrange(...end)
        }
      }
    }.start()
    let target = try ask("Target.createTarget", ["url": "about:blank"])["targetId"] as? String ?? ""
    session =
      try ask("Target.attachToTarget", ["targetId": target, "flatten": true])["sessionId"] as? String ?? ""
    for domain in ["Page", "Runtime", "Log", "DOM"] { _ = try ask("\(domain).enable") }
    _ = try ask(
      "Emulation.setDeviceMetricsOverride",
      ["width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500])
    if dark {
      _ = try ask(
        "Emulation.setEmulatedMedia", ["features": [["name": "prefers-color-scheme", "value": "dark"]]])
    }
  }

  deinit {
    try? commands.close()
    process.terminate()
  }

  private func take(_ data: Data) {
    guard let message = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] else { return }
    lock.withLock {
      if let id = message["id"] as? Int {
        answers[id] = message
      } else if let method = message["method"] as? String, let about = message["params"] as? [String: Any] {
        if method == "Runtime.exceptionThrown" { complaints.append("\(about["exceptionDetails"] ?? "")") }
        if method == "Log.entryAdded", let entry = about["entry"] as? [String: Any],
          entry["level"] as? String == "error"
        {
          complaints.append("\(entry["text"] ?? "") \(entry["url"] ?? "")")
        }
      }
      lock.broadcast()
    }
  }

  /// What the page's scripts complained of so far.
  package var errors: [String] { lock.withLock { complaints } }

  /// Asks the browser.
  @discardableResult
  package func ask(_ method: String, _ parameters: [String: Any] = [:]) throws -> [String: Any] {
    let id: Int = lock.withLock {
      number += 1
      return number
    }
    var message: [String: Any] = ["id": id, "method": method, "params": parameters]
    if !session.isEmpty { message["sessionId"] = session }
    try commands.write(contentsOf: JSONSerialization.data(withJSONObject: message) + Data([0]))
    let until = Date(timeIntervalSinceNow: 60)
    return try lock.withLock {
      while answers[id] == nil {
        guard lock.wait(until: until) else { throw Failure(description: "\(method): no answer") }
      }
      let answer = answers.removeValue(forKey: id)!
      if let error = answer["error"] { throw Failure(description: "\(method): \(error)") }
      return answer["result"] as? [String: Any] ?? [:]
    }
  }

  /// Shows an address.
  package func go(_ url: String) throws { try ask("Page.navigate", ["url": url]) }

  /// The value of an expression in the page; promises are waited for.
  package func value(_ expression: String) throws -> Any? {
    let answer = try ask(
      "Runtime.evaluate", ["expression": expression, "awaitPromise": true, "returnByValue": true])
    if let problem = answer["exceptionDetails"] { throw Failure(description: "\(expression): \(problem)") }
    return (answer["result"] as? [String: Any])?["value"]
  }

  package func text(_ expression: String) throws -> String { try value(expression) as? String ?? "" }

  /// Waits until an expression is true.
  package func waits(for expression: String, seconds: Double = 30) throws {
    let end = Date(timeIntervalSinceNow: seconds)
    while Date() < end {
      if (try? value("Boolean(\(expression))")) as? Bool == true { return }
      usleep(50_000)
    }
    throw Failure(
      description: "never: \(expression); the page: \((try? text("document.body.innerText")) ?? "")")
  }

  /// Presses a key.
  package func press(_ key: String) throws {
    var about: [String: Any] = ["type": "keyDown", "key": key]
    if key.count == 1 { about["text"] = key }
    let codes = ["Tab": 9, "Enter": 13, "ArrowLeft": 37, "ArrowRight": 39]
    if let code = codes[key] { about["windowsVirtualKeyCode"] = code }
    if key == "Enter" { about["text"] = "\r" }
    try ask("Input.dispatchKeyEvent", about)
    about["type"] = "keyUp"
    about["text"] = nil
    try ask("Input.dispatchKeyEvent", about)
  }

  /// Chooses files in an input.
  package func choose(_ paths: [String], in selector: String) throws {
    let document = try ask("DOM.getDocument")["root"] as? [String: Any]
    let found = try ask("DOM.querySelector", ["nodeId": document?["nodeId"] ?? 0, "selector": selector])
    try ask("DOM.setFileInputFiles", ["files": paths, "nodeId": found["nodeId"] ?? 0])
  }

  /// What is shown, in PNG.
  package func picture() throws -> Data {
    Data(base64Encoded: try ask("Page.captureScreenshot")["data"] as? String ?? "") ?? Data()
  }
}
