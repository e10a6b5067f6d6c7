// An allocator that keeps the large blocks that tensors free for the next ones of their size.
#pragma once

#include <ATen/ATen.h>
#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <cstring>
#include <map>
#include <mutex>

// The system gives a block of more than some megabytes page by page, each of them cleared, and takes it back as soon as
// it is freed; a step of training would fetch all of its memory anew. Here a freed block waits for a tensor of its size.
// When none fits, as much is given back as is asked for: no more memory is held than was once in use.
class KeptMemory final : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t size) override {
    if (size < least) return plain()->allocate(size);
    auto *block = take(size);
    if (block == nullptr) block = new Block{plain()->raw_allocate(size), size};
    return {block->memory, block, &release, c10::Device(c10::DeviceType::CPU)};
  }

  void copy_data(void *to, const void *from, size_t size) const override { std::memcpy(to, from, size); }

  // Lives as long as the process: tensors may outlive everything else.
  static KeptMemory *shared() {
    static auto *memory = new KeptMemory();
    return memory;
  }

 private:
  struct Block {
    void *memory;
    size_t size;
  };

  static constexpr size_t least = 1 << 20;

  static c10::Allocator *plain() { return c10::GetDefaultCPUAllocator(); }

  // A free block of the size, or null after giving back as much as is asked for.
  Block *take(size_t size) {
    std::lock_guard<std::mutex> guard(lock);
    auto found = free.lower_bound(size);
    if (found != free.end() && found->first <= size + size / 8) {
      auto *block = found->second;
      free.erase(found);
      return block;
    }
    for (size_t given = 0; given < size && !free.empty();) {
      auto largest = std::prev(free.end());
      given += largest->first;
      plain()->raw_deallocate(largest->second->memory);
      delete largest->second;
      free.erase(largest);
    }
    return nullptr;
  }

  static void release(void *context) {
    auto *block = static_cast<Block *>(context);
    auto *memory = shared();
    std::lock_guard<std::mutex> guard(memory->lock);
    memory->free.emplace(block->size, block);
  }

  std::mutex lock;
  std::multimap<size_t, Block *> free;
};
