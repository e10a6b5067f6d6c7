import Foundation

/// How many bytes of memory this process may use: the machine's, or what its control group, that of a
/// container for instance, is allowed of them.
/// - Parameter groupLimits: the files in which Linux tells a group's limit, by versions 2 and 1: a number, or
///   "max".
func availableMemory(
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
