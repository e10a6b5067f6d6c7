// What belongs to the process and not to a tensor: threads, the generator, memory, versions.
#include "CTorch.h"

#include "Handles.h"
#include "KeptMemory.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/TensorIterator.h>
#include <torch/version.h>

#include <dlfcn.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

int32_t ct_threads(void) { return at::get_num_threads(); }

void ct_set_threads(int32_t count) { at::set_num_threads(count); }

namespace {

// A function of the OpenMP or the MKL that libtorch was built with, whichever those are; null where it has none.
template <typename Function>
Function *runtime_function(const char *name) {
  return reinterpret_cast<Function *>(dlsym(RTLD_DEFAULT, name));
}

}  // namespace

void ct_set_threads_here(int32_t count) {
  // The first question of a thread makes it take over the process's number; later ones only ask.
  at::get_num_threads();
  // libtorch's own function would change the process's number, too.
  static auto *set_openmp = runtime_function<void(int)>("omp_set_num_threads");
  static auto *set_mkl = runtime_function<int(int)>("MKL_Set_Num_Threads_Local");
  if (set_openmp == nullptr) return at::set_num_threads(count);
  set_openmp(count);
  if (set_mkl != nullptr) set_mkl(count);
}

void ct_pause_threads(void) {
  static auto *pause = runtime_function<int(int)>("omp_pause_resource_all");
  constexpr int soft = 1;
  if (pause != nullptr) pause(soft);
}

char *ct_parallel(size_t count, void *context, void (*body)(void *context, size_t from, size_t to)) {
  return guarded([&] {
    // at::parallel_for is a template that needs the caller's compiler to know OpenMP; an iteration does not.
    at::Tensor indices = at::arange(static_cast<int64_t>(count));
    auto iterator = at::TensorIterator::nullary_op(indices);
    iterator.for_each(
        [&](char **data, const int64_t *, int64_t length) {
          auto from = *reinterpret_cast<const int64_t *>(data[0]);
          body(context, from, from + length);
        },
        1);
  });
}

char *ct_seed(uint64_t seed) {
  return guarded([&] { at::manual_seed(seed); });
}

void ct_keep_freed_memory(void) {
  c10::SetCPUAllocator(KeptMemory::shared(), 1);
#if defined(__GLIBC__)
  // What KeptMemory holds comes from the system block by block: between others in the heap it could not be given back.
  mallopt(M_MMAP_THRESHOLD, KeptMemory::least);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
}

void ct_release_freed_memory(void) {
  KeptMemory::shared()->clear();
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

const char *ct_version(void) { return TORCH_VERSION; }

bool ct_has_bfloat16(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}
