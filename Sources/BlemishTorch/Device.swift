import CTorch

/// Where tensors live and operators run.
public struct Device: Sendable, Equatable, CustomStringConvertible {
  /// The name in libtorch's vocabulary: `cpu`, `cuda`, `cuda:1`.
  public let description: String

  /// The processor.
  public static let cpu = Device(unchecked: "cpu")

  private init(unchecked name: String) { description = name }

  /// A device by name.
  /// - Throws: ``TorchError/deviceUnavailable(name:)``. CUDA devices need a GPU with its driver and a CUDA libtorch.
  public init(_ name: String) throws {
    guard ct_device_available(name) else {
      throw TorchError.deviceUnavailable(name: name)
    }
    // There is one processor, by whatever number.
    self.init(unchecked: name.hasPrefix("cpu:") ? "cpu" : name)
  }
}

/// libtorch's own state: the only state of the process that the library changes.
public enum Torch {
  /// The version of the libtorch that the program was built against.
  public static var version: String { String(cString: ct_version()) }

  /// The number of threads that operators use which the calling thread calls. Setting it also sets what threads that
  /// start later begin with.
  public static var threads: Int {
    get { Int(ct_threads()) }
    set { ct_set_threads(Int32(clamping: max(newValue, 1))) }
  }

  /// Sets how many threads operators use which the calling thread calls, and leaves all other threads alone.
  public static func setThreadsOfThisThread(_ count: Int) {
    ct_set_threads_here(Int32(clamping: max(count, 1)))
  }

  /// Seeds libtorch's generator.
  public static func seed(_ seed: UInt64) { report(ct_seed(seed)) }

  /// Lets the process keep memory that one picture or step of training frees for the next one. By default glibc gives
  /// large blocks back to the system, and a tenth of the time goes into getting them again.
  public static func keepFreedMemory() { ct_keep_freed_memory() }

  /// Gives back the memory that was kept, and that of weights in the processor's order, before work that needs
  /// neither. Convolutions order their weights again when they are next used.
  public static func releaseFreedMemory() {
    PreparedWeight.releaseAll()
    ct_release_freed_memory()
  }

  /// Whether the processor multiplies bfloat16 numbers in hardware.
  public static var hasBFloat16: Bool { ct_has_bfloat16() }
}

extension Tensor {
  /// The tensor where another one lives.
  package func onDevice(of other: Tensor) -> Tensor {
    isOnProcessor && other.isOnProcessor
      ? self : Tensor.uninitialized(shape, like: other, elementType).copy_(self)
  }

  /// The tensor on another device; itself where it is there already.
  public func to(device: Device) -> Tensor {
    if device == .cpu && ct_on_cpu(pointer) { return self }
    var result: ct_tensor?
    report(ct_to_device(pointer, device.description, &result))
    return Tensor(owning: result)
  }
}
