import Foundation

/// How many bytes of memory this process may use: the machine's, or what its control group, that of a
/// container for instance, is allowed of them.
/// - Parameter groupLimits: the files in which Linux tells a group's limit, by versions 2 and 1: a number, or
///   "max".
package func availableMemory(
  groupLimits: [String] = [
    "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes",
  ]
) -> Int {
  let limits = groupLimits.compactMap { path in
    (try? String(contentsOfFile: path, encoding: .utf8)).flatMap {
      Int($0.trimmingCharacters(in: .whitespacesAndNewlines))
    }
  }
  return limits.reduce(Int(ProcessInfo.processInfo.physicalMemory), min)
}

/// Whether this many bytes more can be had now. It is asked before arrays of that size are made: an array that cannot be
/// had ends the process.
package func hasMemory(for byteCount: Int) -> Bool {
  guard byteCount > 1 << 20 else { return true }
  // What limits the process's addresses (ulimit -v) shows here, what limits its memory does not.
  guard let memory = malloc(byteCount) else { return false }
  free(memory)
  guard byteCount > 1 << 28 else { return true }
  guard byteCount <= availableMemory() else { return false }
  #if os(Linux)
    if let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
      let kibibytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    {
      return byteCount <= kibibytes << 10
    }
  #endif
  return true
}
