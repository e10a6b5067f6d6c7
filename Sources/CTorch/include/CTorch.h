// The C surface over libtorch. Operators are called by name through the dispatcher, so this header does not
// grow with the operators used. Every function that can fail returns NULL, or an error text that the caller
// frees with `ct_free`. No C++ exception crosses this boundary.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A reference-counted tensor. NULL is the undefined tensor.
typedef struct ct_tensor_implementation *ct_tensor;

/// What a `ct_value` holds.
typedef enum ct_tag {
  CT_NONE = 0,
  CT_TENSOR,
  CT_INTEGER,
  CT_REAL,
  CT_BOOLEAN,
  CT_STRING,
  CT_INTEGERS,
  CT_REALS,
  CT_BOOLEANS,
  CT_TENSORS,
} ct_tag;

/// An argument or a result of an operator. Inputs are borrowed for the call; in results, tensors are owned by
/// the caller, and results hold nothing but tensors, numbers and lists of tensors (one value per element).
typedef struct ct_value {
  ct_tag tag;
  size_t count;
  union {
    ct_tensor tensor;
    int64_t integer;
    double real;
    bool boolean;
    const char *string;
    const int64_t *integers;
    const double *reals;
    const bool *booleans;
    const ct_tensor *tensors;
  };
} ct_value;

/// Calls an operator such as "aten::add.Tensor". Arguments left out at the end take the schema's defaults. At
/// most `capacity` results are written; lists are flattened.
char *ct_call(const char *name, const ct_value *inputs, size_t input_count, ct_value *results, size_t capacity,
              size_t *result_count);

/// Whether this libtorch has an operator; those of `mkldnn::` depend on how it was built.
bool ct_has_operator(const char *name);

void ct_free(char *text);
void ct_retain(ct_tensor tensor);
void ct_release(ct_tensor tensor);

/// Copies `data` (row-major, little-endian) to a new tensor. `element_type` is a c10::ScalarType.
char *ct_from_memory(const void *data, int32_t element_type, const int64_t *shape, size_t rank,
                     ct_tensor *result);

size_t ct_rank(ct_tensor tensor);
void ct_shape(ct_tensor tensor, int64_t *shape);
int32_t ct_element_type(ct_tensor tensor);
/// Grows whenever the tensor's elements are changed in place, but for operators that forget to say so.
uint32_t ct_tensor_version(ct_tensor tensor);
/// Counts a change that such an operator made.
void ct_bump_version(ct_tensor tensor);
bool ct_is_contiguous(ct_tensor tensor);
/// The address of the first element, for a tensor in the processor's memory; NULL for others, such as those
/// without elements and those in an order of oneDNN's.
void *ct_data(ct_tensor tensor);
bool ct_on_cpu(ct_tensor tensor);

char *ct_backward(ct_tensor loss);
/// Computes the gradients of a function's inputs from those of its outputs. A gradient that is zero may be NULL,
/// on both sides. `results` are owned by the caller of the function. Returns NULL or an error text from `malloc`.
typedef char *(*ct_derivative)(void *context, const ct_tensor *gradients, size_t gradient_count,
                               ct_tensor *results, size_t result_count);
/// Makes new tensors, computed without recording, the outputs of a function of the inputs with this derivative.
/// It is an error of the backward pass if an input was changed in place by then.
/// `release(context)` is called once, when the derivative is no longer needed or if this fails.
char *ct_attach_derivative(const ct_tensor *inputs, size_t input_count, const ct_tensor *outputs,
                           size_t output_count, void *context, ct_derivative derivative,
                           void (*release)(void *context));
char *ct_set_requires_gradient(ct_tensor tensor, bool required);
bool ct_requires_gradient(ct_tensor tensor);
/// The accumulated gradient, owned by the caller; NULL where there is none.
ct_tensor ct_gradient(ct_tensor tensor);
void ct_clear_gradient(ct_tensor tensor);
bool ct_gradient_mode(void);
void ct_set_gradient_mode(bool enabled);

char *ct_to_device(ct_tensor tensor, const char *device, ct_tensor *result);
/// Whether a device such as "cuda:0" can be used by this libtorch on this machine.
bool ct_device_available(const char *device);
int32_t ct_threads(void);
/// Sets how many threads operators use that the calling thread calls, and what threads that start later begin with.
void ct_set_threads(int32_t count);
/// Sets it for the calling thread alone.
void ct_set_threads_here(int32_t count);
/// Ends the threads that are kept for the calling thread's operators, which spin for a while before they sleep. The next
/// operator that needs them starts them again.
void ct_pause_threads(void);
/// Calls the body with parts of the whole numbers below `count`, together all of them, on the threads that operators
/// use.
char *ct_parallel(size_t count, void *context, void (*body)(void *context, size_t from, size_t to));
char *ct_seed(uint64_t seed);
/// Lets large blocks of memory that were freed wait for the next tensor of their size.
void ct_keep_freed_memory(void);
/// Gives back what was kept.
void ct_release_freed_memory(void);
const char *ct_version(void);
/// Whether the processor computes bfloat16 products in hardware.
bool ct_has_bfloat16(void);

#ifdef __cplusplus
}
#endif
