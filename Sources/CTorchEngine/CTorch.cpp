#include "CTorch.h"

#include "CallerNode.h"
#include "Handles.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <c10/core/GradMode.h>

#include <cstring>
#include <string>
#include <vector>

namespace {

bool takes_real(const c10::TypePtr &type) {
  if (auto optional = type->cast<c10::OptionalType>()) return takes_real(optional->getElementType());
  return type->kind() == c10::TypeKind::FloatType;
}

bool takes_optional_tensors(const c10::TypePtr &type) {
  auto list = type->cast<c10::ListType>();
  return list && list->getElementType()->kind() == c10::TypeKind::OptionalType;
}

// Lists of scalars ("Scalar?[]") are generic lists of their element type.
c10::TypePtr scalar_list_element(const c10::TypePtr &type) {
  auto list = type->cast<c10::ListType>();
  if (!list) return nullptr;
  auto element = list->getElementType();
  auto inner = element;
  if (auto optional = element->cast<c10::OptionalType>()) inner = optional->getElementType();
  return inner->kind() == c10::TypeKind::NumberType ? element : nullptr;
}

bool takes_device(const c10::TypePtr &type) {
  if (auto optional = type->cast<c10::OptionalType>()) return takes_device(optional->getElementType());
  return type->kind() == c10::TypeKind::DeviceObjType;
}

// Operators check what they are given, but not all of them that it is defined.
at::Tensor present(ct_tensor tensor, const c10::Argument &argument) {
  TORCH_CHECK(tensor != nullptr, "argument '", argument.name(), "' is the undefined tensor");
  return borrow(tensor);
}

c10::IValue to_ivalue(const ct_value &value, const c10::Argument &argument) {
  switch (value.tag) {
    case CT_NONE:
      return c10::IValue();
    case CT_TENSOR:
      return present(value.tensor, argument);
    case CT_INTEGER:
      if (takes_real(argument.type())) return static_cast<double>(value.integer);
      return value.integer;
    case CT_REAL:
      return value.real;
    case CT_BOOLEAN:
      return value.boolean;
    case CT_STRING:
      if (takes_device(argument.type())) return c10::Device(std::string(value.string));
      return std::string(value.string);
    case CT_INTEGERS:
      return c10::IValue(c10::ArrayRef<int64_t>(value.integers, value.count));
    case CT_REALS:
      if (auto element = scalar_list_element(argument.type())) {
        c10::impl::GenericList list(element);
        for (size_t i = 0; i < value.count; i++) list.push_back(value.reals[i]);
        return list;
      }
      return c10::IValue(c10::ArrayRef<double>(value.reals, value.count));
    case CT_BOOLEANS: {
      c10::List<bool> list;
      for (size_t i = 0; i < value.count; i++) list.push_back(value.booleans[i]);
      return list;
    }
    case CT_TENSORS: {
      if (takes_optional_tensors(argument.type())) {
        c10::List<std::optional<at::Tensor>> list;
        for (size_t i = 0; i < value.count; i++)
          list.push_back(value.tensors[i] ? std::optional<at::Tensor>(borrow(value.tensors[i]))
                                          : std::nullopt);
        return list;
      }
      c10::List<at::Tensor> list;
      list.reserve(value.count);
      for (size_t i = 0; i < value.count; i++) list.push_back(present(value.tensors[i], argument));
      return list;
    }
  }
  TORCH_CHECK(false, "unknown tag ", value.tag);
}

c10::IValue standard(const c10::Argument &argument) {
  auto fallback = argument.default_value();
  TORCH_CHECK(fallback.has_value(), "argument '", argument.name(), "' has no default");
  return *fallback;
}

void append(const c10::IValue &value, std::vector<ct_value> &results) {
  ct_value result{};
  if (value.isTensor()) {
    result.tag = CT_TENSOR;
    result.tensor = own(value.toTensor());
  } else if (value.isInt()) {
    result.tag = CT_INTEGER;
    result.integer = value.toInt();
  } else if (value.isDouble()) {
    result.tag = CT_REAL;
    result.real = value.toDouble();
  } else if (value.isBool()) {
    result.tag = CT_BOOLEAN;
    result.boolean = value.toBool();
  } else if (value.isTensorList()) {
    for (const at::Tensor &tensor : value.toTensorVector()) append(tensor, results);
    return;
  } else {
    TORCH_CHECK(value.isNone(), "the operator returns a value of an unsupported kind: ", value.tagKind());
  }
  results.push_back(result);
}

c10::ScalarType scalar_type(int32_t element_type) { return static_cast<c10::ScalarType>(element_type); }

}  // namespace

char *ct_call(const char *name, const ct_value *inputs, size_t input_count, ct_value *results, size_t capacity,
              size_t *result_count) {
  return guarded([&] {
    std::string full(name);
    auto dot = full.find('.');
    auto handle = c10::Dispatcher::singleton().findSchemaOrThrow(
        full.substr(0, dot).c_str(), dot == std::string::npos ? "" : full.c_str() + dot + 1);
    const auto &arguments = handle.schema().arguments();
    TORCH_CHECK(input_count <= arguments.size(), name, " takes ", arguments.size(), " arguments, not ",
                input_count);
    torch::jit::Stack stack;
    stack.reserve(arguments.size());
    for (size_t i = 0; i < arguments.size(); i++)
      stack.push_back(i < input_count ? to_ivalue(inputs[i], arguments[i]) : standard(arguments[i]));
    handle.callBoxed(stack);
    std::vector<ct_value> collected;
    try {
      for (const auto &value : stack) append(value, collected);
      TORCH_CHECK(collected.size() <= capacity, name, " returned ", collected.size(), " values, expected at most ",
                  capacity);
    } catch (...) {
      for (const auto &value : collected)
        if (value.tag == CT_TENSOR) ct_release(value.tensor);
      throw;
    }
    std::copy(collected.begin(), collected.end(), results);
    *result_count = collected.size();
  });
}

bool ct_has_operator(const char *name) {
  std::string full(name);
  auto dot = full.find('.');
  return c10::Dispatcher::singleton()
      .findSchema({full.substr(0, dot), dot == std::string::npos ? "" : full.substr(dot + 1)})
      .has_value();
}

void ct_free(char *text) { free(text); }

void ct_retain(ct_tensor tensor) {
  if (tensor != nullptr) c10::raw::intrusive_ptr::incref(implementation(tensor));
}

void ct_release(ct_tensor tensor) {
  if (tensor != nullptr) c10::raw::intrusive_ptr::decref(implementation(tensor));
}

char *ct_from_memory(const void *data, int32_t element_type, const int64_t *shape, size_t rank,
                     ct_tensor *result) {
  return guarded([&] {
    auto tensor = at::empty(c10::IntArrayRef(shape, rank), at::TensorOptions().dtype(scalar_type(element_type)));
    if (tensor.nbytes() > 0) std::memcpy(tensor.mutable_data_ptr(), data, tensor.nbytes());
    *result = own(std::move(tensor));
  });
}

size_t ct_rank(ct_tensor tensor) { return tensor == nullptr ? 0 : implementation(tensor)->dim(); }

void ct_shape(ct_tensor tensor, int64_t *shape) {
  if (tensor == nullptr) return;
  auto sizes = implementation(tensor)->sizes();
  std::copy(sizes.begin(), sizes.end(), shape);
}

int32_t ct_element_type(ct_tensor tensor) {
  if (tensor == nullptr) return static_cast<int32_t>(c10::ScalarType::Undefined);
  return static_cast<int32_t>(c10::typeMetaToScalarType(implementation(tensor)->dtype()));
}

uint32_t ct_tensor_version(ct_tensor tensor) {
  if (tensor == nullptr) return 0;
  const auto &counter = implementation(tensor)->version_counter();
  return counter.enabled() ? counter.current_version() : 0;
}

void ct_bump_version(ct_tensor tensor) {
  if (tensor != nullptr && implementation(tensor)->version_counter().enabled())
    implementation(tensor)->bump_version();
}

bool ct_is_contiguous(ct_tensor tensor) {
  return guarded(false, [&] { return tensor != nullptr && implementation(tensor)->is_contiguous(); });
}

void *ct_data(ct_tensor tensor) {
  // Tensors in an order of oneDNN's have a device, but no storage.
  return guarded<void *>(nullptr, [&]() -> void * {
    return ct_on_cpu(tensor) ? implementation(tensor)->mutable_data() : nullptr;
  });
}

bool ct_on_cpu(ct_tensor tensor) {
  return tensor != nullptr && implementation(tensor)->device().is_cpu();
}

char *ct_backward(ct_tensor loss) {
  return guarded([&] { borrow(loss).backward(); });
}

char *ct_attach_derivative(const ct_tensor *inputs, size_t input_count, const ct_tensor *outputs,
                           size_t output_count, void *context, ct_derivative derivative,
                           void (*release)(void *context)) {
  return guarded([&] {
    // From here on the node releases the context, whatever happens.
    auto *caller = new CallerNode(context, derivative, release);
    auto node = hold(caller);
    torch::autograd::variable_list sources;
    for (size_t i = 0; i < input_count; i++) {
      sources.push_back(borrow(inputs[i]));
      caller->watch(sources.back());
    }
    node->set_next_edges(torch::autograd::collect_next_edges(sources));
    for (size_t i = 0; i < output_count; i++) {
      at::Tensor output = borrow(outputs[i]);
      TORCH_CHECK(output.defined() && output.is_leaf() && !output.requires_grad(),
                  "the outputs must be new tensors");
      torch::autograd::create_gradient_edge(output, node);
    }
  });
}

char *ct_set_requires_gradient(ct_tensor tensor, bool required) {
  return guarded([&] {
    if (tensor != nullptr) borrow(tensor).set_requires_grad(required);
  });
}

bool ct_requires_gradient(ct_tensor tensor) { return tensor != nullptr && borrow(tensor).requires_grad(); }

ct_tensor ct_gradient(ct_tensor tensor) { return tensor == nullptr ? nullptr : own(borrow(tensor).grad()); }

void ct_clear_gradient(ct_tensor tensor) {
  if (tensor != nullptr) borrow(tensor).mutable_grad().reset();
}

bool ct_gradient_mode(void) { return c10::GradMode::is_enabled(); }

void ct_set_gradient_mode(bool enabled) { c10::GradMode::set_enabled(enabled); }

char *ct_to_device(ct_tensor tensor, const char *device, ct_tensor *result) {
  return guarded([&] { *result = own(borrow(tensor).to(c10::Device(std::string(device)))); });
}

bool ct_device_available(const char *device) {
  bool available = false;
  char *error = guarded([&] {
    c10::Device parsed{std::string(device)};
    // What is written there must come back: "meta" takes tensors, too, but keeps no numbers.
    available = parsed.is_cpu() || at::zeros({1}, at::TensorOptions().device(parsed)).cpu().item<float>() == 0;
  });
  ct_free(error);
  return available;
}
