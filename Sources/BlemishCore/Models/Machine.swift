import BlemishSupport
import BlemishTorch
import Foundation

/// What a model was trained or evaluated with: figures that are to be compared need it.
public struct Machine: Sendable, Codable, Equatable, CustomStringConvertible {
  /// Where the tensors lived, such as "cpu" or "cuda:0".
  public var device: String
  /// The processor's own name.
  public var processor: String
  /// The operating system.
  public var system: String
  /// The threads that operators used.
  public var threads: Int
  /// Whether the processor multiplies bfloat16 numbers in hardware.
  public var hasBFloat16: Bool
  /// libtorch's version.
  public var libtorch: String
  /// The version of Swift that the program was built with.
  public var swift: String
  /// Blemish's version.
  public var blemish: String

  /// This machine and this program.
  public static func current(_ device: Device) -> Machine {
    Machine(
      device: device.description, processor: processorName, system: systemName, threads: Torch.threads,
      hasBFloat16: Torch.hasBFloat16, libtorch: Torch.version, swift: swiftVersion, blemish: blemishVersion)
  }

  /// Everything in one line.
  public var description: String {
    "\(device), \(processor), \(threads) thread\(threads == 1 ? "" : "s"), \(hasBFloat16 ? "with" : "without") "
      + "bfloat16, \(system), Blemish \(blemish), libtorch \(libtorch), Swift \(swift)"
  }

  private static var processorName: String {
    value(of: "model name", in: "/proc/cpuinfo", separator: ":") ?? "unknown processor"
  }

  private static var systemName: String {
    value(of: "PRETTY_NAME", in: "/etc/os-release", separator: "=")
      ?? ProcessInfo.processInfo.operatingSystemVersionString
  }

  /// The value of a line `key separator value`.
  private static func value(of key: String, in file: String, separator: Character) -> String? {
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return nil }
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: separator, maxSplits: 1)
      guard parts.count == 2, parts[0].trimmingCharacters(in: .whitespaces) == key else { continue }
      return parts[1].trimmingCharacters(in: CharacterSet(charactersIn: " \t\""))
    }
    return nil
  }

  // A program cannot ask which compiler made it; it can only be told.
  #if compiler(>=6.4)
    private static let swiftVersion = "6.4 or later"
  #elseif compiler(>=6.3)
    private static let swiftVersion = "6.3"
  #else
    private static let swiftVersion = "6.2"
  #endif
}
