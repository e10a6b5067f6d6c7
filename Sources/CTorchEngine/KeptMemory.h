// An allocator that keeps the large blocks that tensors free for the next ones of their size.
#pragma once

#include <ATen/ATen.h>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <unordered_map>

// The system gives a large block page by page, each of them cleared, and takes it back as soon as it is freed; a step of
// training would fetch all of its memory anew. Here a freed block waits for a tensor of its size. When none fits, as much
// is given back as is asked for: little more memory is held than was once in use.
class KeptMemory final : public c10::Allocator {
 public:
  // Smaller blocks are left to others.
  static constexpr size_t least = 1 << 20;

  c10::DataPtr allocate(size_t size) override {
    if (size < least) return plain()->allocate(size);
    void *block = take(size);
    return {block, block, &release, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &release; }

  void copy_data(void *to, const void *from, size_t size) const override { std::memcpy(to, from, size); }

  // Gives back every block that waits.
  void clear() {
    std::lock_guard<std::mutex> guard(lock);
    for (auto &[size, block] : free) plain()->raw_deallocate(block.memory);
    free.clear();
    waiting = 0;
    most = inUse;
  }

  // Lives as long as the process: tensors may outlive everything else.
  static KeptMemory *shared() {
    static auto *memory = new KeptMemory();
    return memory;
  }

 private:
  struct Block {
    void *memory;
    size_t age;
  };

  // So many bytes may wait in any case.
  static constexpr size_t little = 256 << 20;

  static c10::Allocator *plain() { return c10::GetDefaultCPUAllocator(); }

  void *take(size_t size) {
    std::lock_guard<std::mutex> guard(lock);
    auto found = free.lower_bound(size);
    if (found != free.end() && found->first <= size + size / 8) {
      size = found->first;
      void *block = found->second.memory;
      free.erase(found);
      waiting -= size;
      return lend(block, size);
    }
    while (!free.empty() && inUse + waiting + size > std::max(most + most / 32, little)) {
      auto oldest = std::min_element(free.begin(), free.end(), [](const auto &left, const auto &right) {
        return left.second.age < right.second.age;
      });
      waiting -= oldest->first;
      plain()->raw_deallocate(oldest->second.memory);
      free.erase(oldest);
    }
    return lend(fetch(size), size);
  }

  // A block of the system's, in large pages where it has them: they are cleared several times as fast. It begins with one,
  // so that only what is left at its end comes in small ones.
  static void *fetch(size_t size) {
#if defined(__linux__)
    constexpr size_t page = 2 << 20;
    void *block = nullptr;
    if (size >= page && posix_memalign(&block, page, size) == 0) {
      madvise(block, size & ~(page - 1), MADV_HUGEPAGE);
      return block;
    }
#endif
    return plain()->raw_allocate(size);
  }

  void *lend(void *block, size_t size) {
    used.emplace(block, size);
    inUse += size;
    most = std::max(most, inUse);
    return block;
  }

  static void release(void *block) {
    auto *memory = shared();
    std::lock_guard<std::mutex> guard(memory->lock);
    auto found = memory->used.find(block);
    if (found == memory->used.end()) return plain()->raw_deallocate(block);
    memory->inUse -= found->second;
    memory->waiting += found->second;
    memory->free.emplace(found->second, Block{block, memory->time++});
    memory->used.erase(found);
  }

  std::mutex lock;
  // Blocks that wait for a tensor, by size.
  std::multimap<size_t, Block> free;
  // The sizes of those that tensors have.
  std::unordered_map<void *, size_t> used;
  // Bytes that tensors have, the most that they ever had, and those of blocks that wait.
  size_t inUse = 0, most = 0, waiting = 0;
  size_t time = 0;
};
