// The surface for programs that do not link CTorchEngine: what is called first loads the shared library that holds the
// engine. libtorch takes a quarter of a second to load, which a program that only lists its options need not spend.
// The definitions are weak: a program that links the engine calls that.
#include "CTorch.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static void *engine;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_bool is_loaded, keeps_freed_memory;

static void *function(const char *name) {
  void *address = dlsym(engine, name);
  if (address != NULL) return address;
  fprintf(stderr, "Error: libblemish-torch.so is of another version: %s\n", dlerror());
  exit(1);
}

// Nothing can be computed without the engine, and callers are not told of failures in every function.
static void load(void) {
  // Visible to all, since the engine finds libtorch's OpenMP and MKL by their functions' names.
  engine = dlopen("libblemish-torch.so", RTLD_LAZY | RTLD_GLOBAL);
  if (engine == NULL) {
    fprintf(stderr, "Error: libtorch could not be loaded: %s\n", dlerror());
    exit(1);
  }
  is_loaded = true;
  if (keeps_freed_memory) ((void (*)(void))function("ct_keep_freed_memory"))();
}

#define FORWARD(result, name, parameters, arguments)                \
  __attribute__((weak)) result name parameters {                    \
    static _Atomic(result(*) parameters) known;                     \
    result(*call) parameters = known;                               \
    if (call == NULL) {                                             \
      pthread_once(&once, load);                                    \
      known = call = (result(*) parameters)function(#name);         \
    }                                                               \
    return call arguments;                                          \
  }

FORWARD(char *, ct_call,
        (const char *name, const ct_value *inputs, size_t input_count, ct_value *results, size_t capacity,
         size_t *result_count),
        (name, inputs, input_count, results, capacity, result_count))
FORWARD(bool, ct_has_operator, (const char *name), (name))
FORWARD(void, ct_free, (char *text), (text))
FORWARD(void, ct_retain, (ct_tensor tensor), (tensor))
FORWARD(void, ct_release, (ct_tensor tensor), (tensor))
FORWARD(char *, ct_from_memory,
        (const void *data, int32_t element_type, const int64_t *shape, size_t rank, ct_tensor *result),
        (data, element_type, shape, rank, result))

FORWARD(size_t, ct_rank, (ct_tensor tensor), (tensor))
FORWARD(void, ct_shape, (ct_tensor tensor, int64_t *shape), (tensor, shape))
FORWARD(int32_t, ct_element_type, (ct_tensor tensor), (tensor))
FORWARD(uint32_t, ct_tensor_version, (ct_tensor tensor), (tensor))
FORWARD(void, ct_bump_version, (ct_tensor tensor), (tensor))
FORWARD(bool, ct_is_contiguous, (ct_tensor tensor), (tensor))
FORWARD(void *, ct_data, (ct_tensor tensor), (tensor))
FORWARD(bool, ct_on_cpu, (ct_tensor tensor), (tensor))

FORWARD(char *, ct_backward, (ct_tensor loss), (loss))
FORWARD(char *, ct_attach_derivative,
        (const ct_tensor *inputs, size_t input_count, const ct_tensor *outputs, size_t output_count, void *context,
         ct_derivative derivative, void (*release)(void *context)),
        (inputs, input_count, outputs, output_count, context, derivative, release))
FORWARD(char *, ct_set_requires_gradient, (ct_tensor tensor, bool required), (tensor, required))
FORWARD(bool, ct_requires_gradient, (ct_tensor tensor), (tensor))
FORWARD(ct_tensor, ct_gradient, (ct_tensor tensor), (tensor))
FORWARD(void, ct_clear_gradient, (ct_tensor tensor), (tensor))
FORWARD(bool, ct_gradient_mode, (void), ())
FORWARD(void, ct_set_gradient_mode, (bool enabled), (enabled))

FORWARD(char *, ct_to_device, (ct_tensor tensor, const char *device, ct_tensor *result), (tensor, device, result))
FORWARD(bool, ct_device_available, (const char *device), (device))
FORWARD(int32_t, ct_threads, (void), ())
FORWARD(void, ct_set_threads, (int32_t count), (count))
FORWARD(void, ct_set_threads_here, (int32_t count), (count))
FORWARD(void, ct_pause_threads, (void), ())
FORWARD(char *, ct_parallel, (size_t count, void *context, void (*body)(void *context, size_t from, size_t to)),
        (count, context, body))
FORWARD(char *, ct_seed, (uint64_t seed), (seed))
FORWARD(void, ct_release_freed_memory, (void), ())
FORWARD(const char *, ct_version, (void), ())
FORWARD(bool, ct_has_bfloat16, (void), ())

// Takes effect when libtorch is loaded, and loads nothing.
__attribute__((weak)) void ct_keep_freed_memory(void) {
  keeps_freed_memory = true;
  if (is_loaded) ((void (*)(void))function("ct_keep_freed_memory"))();
}
