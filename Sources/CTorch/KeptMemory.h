// An allocator that keeps the large blocks that tensors free for the next ones of their size.
#pragma once

#include <ATen/ATen.h>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <cstring>
#include <map>
#include <mutex>
#include <unordered_map>

// The system gives a block of more than some megabytes page by page, each of them cleared, and takes it back as soon as
// it is freed; a step of training would fetch all of its memory anew. Here a freed block waits for a tensor of its size.
// When none fits, as much is given back as is asked for: no more memory is held than was once in use.
class KeptMemory final : public c10::Allocator {
 public:
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
    for (auto [size, block] : free) plain()->raw_deallocate(block);
    free.clear();
  }

  // Lives as long as the process: tensors may outlive everything else.
  static KeptMemory *shared() {
    static auto *memory = new KeptMemory();
    return memory;
  }

 private:
  static constexpr size_t least = 32 << 20;

  static c10::Allocator *plain() { return c10::GetDefaultCPUAllocator(); }

  void *take(size_t size) {
    std::lock_guard<std::mutex> guard(lock);
    auto found = free.lower_bound(size);
    if (found != free.end() && found->first <= size + size / 8) {
      void *block = found->second;
      used.emplace(block, found->first);
      free.erase(found);
      return block;
    }
    for (size_t given = 0; given < size && !free.empty();) {
      auto largest = std::prev(free.end());
      given += largest->first;
      plain()->raw_deallocate(largest->second);
      free.erase(largest);
    }
    void *block = plain()->raw_allocate(size);
    used.emplace(block, size);
    return block;
  }

  static void release(void *block) {
    auto *memory = shared();
    std::lock_guard<std::mutex> guard(memory->lock);
    auto found = memory->used.find(block);
    if (found == memory->used.end()) return plain()->raw_deallocate(block);
    memory->free.emplace(found->second, block);
    memory->used.erase(found);
  }

  std::mutex lock;
  // Blocks that wait for a tensor, by size.
  std::multimap<size_t, void *> free;
  // The sizes of those that tensors have.
  std::unordered_map<void *, size_t> used;
};
