// A device for tests (see the header). Its tensors' memory is the processor's, so that every operator can be done by
// the processor's own, behind libtorch's back.
#include "CSecondDevice.h"

#include <ATen/ATen.h>
#include <ATen/EmptyTensor.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <ATen/native/CPUFallback.h>
#include <c10/core/Allocator.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

using at::Tensor;
using c10::IntArrayRef;
constexpr auto kType = c10::DeviceType::PrivateUse1;

std::atomic<long> operators = 0;

// MARK: What libtorch wants of a device

struct Memory final : c10::Allocator {
  c10::DataPtr allocate(size_t bytes) override {
    void *memory = bytes ? std::malloc(bytes) : nullptr;
    return {memory, memory, &std::free, c10::Device(kType, 0)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &std::free; }
  void copy_data(void *to, const void *from, size_t bytes) const override { std::memcpy(to, from, bytes); }
};
Memory memory;

struct Guard final : c10::impl::DeviceGuardImplInterface {
  c10::DeviceType type() const override { return kType; }
  c10::Device exchangeDevice(c10::Device) const override { return getDevice(); }
  c10::Device getDevice() const override { return {kType, 0}; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device device) const noexcept override { return c10::Stream(c10::Stream::DEFAULT, device); }
  c10::Stream getNewStream(c10::Device device, int) const override { return getStream(device); }
  c10::Stream exchangeStream(c10::Stream stream) const noexcept override { return stream; }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  void record(void **, const c10::Stream &, c10::DeviceIndex, c10::EventFlag) const override {}
  void block(void *, const c10::Stream &) const override {}
  bool queryEvent(void *) const override { return true; }
  void destroyEvent(void *, c10::DeviceIndex) const noexcept override {}
  bool queryStream(const c10::Stream &) const override { return true; }
  void synchronizeStream(const c10::Stream &) const override {}
  void synchronizeEvent(void *) const override {}
  void recordDataPtrOnStream(const c10::DataPtr &, const c10::Stream &) const override {}
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, Guard);

struct Hooks final : at::PrivateUse1HooksInterface {
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  bool isAvailable() const override { return true; }
};

const bool registered = [] {
  c10::SetAllocator(kType, &memory, 255);
  c10::register_privateuse1_backend("second");
  at::RegisterPrivateUse1HooksInterface(new Hooks);
  return true;
}();

// MARK: Tensors

Tensor empty(
    IntArrayRef size, std::optional<at::ScalarType> type, std::optional<at::Layout>, std::optional<at::Device>,
    std::optional<bool>, std::optional<at::MemoryFormat> format) {
  return at::detail::empty_generic(
      size, &memory, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), type.value_or(at::kFloat), format);
}

Tensor emptyStrided(
    IntArrayRef size, IntArrayRef strides, std::optional<at::ScalarType> type, std::optional<at::Layout>,
    std::optional<at::Device>, std::optional<bool>) {
  return at::detail::empty_strided_generic(
      size, strides, &memory, c10::DispatchKeySet(c10::DispatchKey::PrivateUse1), type.value_or(at::kFloat));
}

Tensor asStrided(const Tensor &tensor, IntArrayRef size, IntArrayRef strides, std::optional<int64_t> offset) {
  Tensor view = at::detail::make_tensor<c10::TensorImpl>(
      c10::TensorImpl::VIEW, c10::Storage(tensor.storage()), tensor.key_set(), tensor.dtype());
  view.unsafeGetTensorImpl()->set_storage_offset(offset.value_or(tensor.storage_offset()));
  view.unsafeGetTensorImpl()->set_sizes_and_strides(size, strides);
  return view;
}

Tensor reshapeAlias(const Tensor &tensor, IntArrayRef size, IntArrayRef strides) {
  return asStrided(tensor, size, strides, std::nullopt);
}

/// The same memory as a tensor of the processor's.
Tensor here(const Tensor &tensor) {
  if (!tensor.defined() || tensor.is_cpu()) return tensor;
  return at::from_blob(tensor.data_ptr(), tensor.sizes(), tensor.strides(), at::dtype(tensor.scalar_type()));
}

std::optional<Tensor> here(const std::optional<Tensor> &tensor) {
  return tensor && tensor->defined() ? std::optional(here(*tensor)) : std::nullopt;
}

Tensor there(const Tensor &tensor) {
  if (!tensor.defined()) return tensor;
  Tensor copy = at::empty_strided(
      tensor.sizes(), tensor.strides(), tensor.options().device(at::Device(kType, 0)));
  here(copy).copy_(tensor);
  return copy;
}

Tensor view(const Tensor &tensor, IntArrayRef size) {
  Tensor viewed = here(tensor).view(size);
  return asStrided(tensor, viewed.sizes(), viewed.strides(), std::nullopt);
}

const Tensor &resize(const Tensor &tensor, IntArrayRef size, std::optional<at::MemoryFormat> format) {
  auto *impl = tensor.unsafeGetTensorImpl();
  impl->set_sizes_contiguous(size);
  size_t bytes = (tensor.numel() + tensor.storage_offset()) * tensor.element_size();
  if (bytes > tensor.storage().nbytes()) {
    auto larger = memory.allocate(bytes);
    if (tensor.storage().nbytes()) memory.copy_data(larger.get(), tensor.storage().data(), tensor.storage().nbytes());
    tensor.storage().set_data_ptr_noswap(std::move(larger));
    tensor.storage().set_nbytes(bytes);
  }
  if (format && *format != at::MemoryFormat::Preserve) impl->empty_tensor_restride(*format);
  return tensor;
}

Tensor copyFrom(const Tensor &from, const Tensor &to, bool) {
  here(to).copy_(here(from));
  return to;
}

Tensor copyFromAndResize(const Tensor &from, const Tensor &to) {
  to.resize_(from.sizes());
  return copyFrom(from, to, false);
}

at::Scalar item(const Tensor &tensor) { return at::_local_scalar_dense(here(tensor)); }

// MARK: Operators

/// Counts an operator, and refuses tensors that are not on the device; a number may come from anywhere.
void checkThere(std::string_view name, at::ArrayRef<Tensor> tensors) {
  operators++;
  for (const Tensor &tensor : tensors)
    TORCH_CHECK(
        !tensor.defined() || !tensor.is_cpu() || tensor.dim() == 0, "second: ", name, " of tensors on two devices");
}

Tensor convolution(
    const Tensor &x, const Tensor &weight, const std::optional<Tensor> &bias, IntArrayRef stride,
    IntArrayRef padding, IntArrayRef dilation, bool transposed, IntArrayRef outputPadding, int64_t groups) {
  checkThere("convolution", {x, weight, bias.value_or(Tensor())});
  return there(at::convolution(
      here(x), here(weight), here(bias), stride, padding, dilation, transposed, outputPadding, groups));
}

std::tuple<Tensor, Tensor, Tensor> convolutionBackward(
    const Tensor &gradient, const Tensor &x, const Tensor &weight, IntArrayRef stride, IntArrayRef padding,
    IntArrayRef dilation, bool transposed, IntArrayRef outputPadding, int64_t groups, std::array<bool, 3> needed) {
  checkThere("convolution_backward", {gradient, x, weight});
  std::vector<int64_t> bias{transposed ? weight.size(1) * groups : weight.size(0)};
  auto found = at::convolution_backward(
      here(gradient), here(x), here(weight), at::OptionalIntArrayRef(bias), stride, padding, dilation, transposed,
      outputPadding, groups, needed);
  return {there(std::get<0>(found)), there(std::get<1>(found)), there(std::get<2>(found))};
}

/// Every other operator: the processor's, on copies.
void anyOther(const c10::OperatorHandle &op, torch::jit::Stack *stack) {
  const auto &name = op.schema().name();
  std::vector<Tensor> tensors;
  for (const auto &argument : torch::jit::last(stack, op.schema().arguments().size())) {
    if (argument.isTensor() && argument.toTensor().defined()) tensors.push_back(argument.toTensor());
    if (argument.isTensorList()) for (const Tensor &tensor : argument.toTensorVector()) tensors.push_back(tensor);
  }
  checkThere(name, tensors);
  // Only the processor's norms take numbers of two types.
  if (name.find("layer_norm") != std::string::npos)
    for (const Tensor &tensor : tensors)
      TORCH_CHECK(
          tensor.scalar_type() == tensors[0].scalar_type(), "second: ", name, " of ", tensors[0].scalar_type(), " and ",
          tensor.scalar_type());
  at::native::cpu_fallback(op, stack);
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&anyOther>());
}

TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("empty.memory_format", &empty);
  library.impl("empty_strided", &emptyStrided);
  library.impl("as_strided", &asStrided);
  library.impl("_reshape_alias", &reshapeAlias);
  library.impl("view", &view);
  library.impl("resize_", &resize);
  library.impl("_copy_from", &copyFrom);
  library.impl("_copy_from_and_resize", &copyFromAndResize);
  library.impl("_local_scalar_dense", &item);
  library.impl("convolution_overrideable", &convolution);
  library.impl("convolution_backward_overrideable", &convolutionBackward);
}

}  // namespace

long second_device_operators(void) { return operators; }
