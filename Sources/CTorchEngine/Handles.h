// Between the C surface's references and libtorch's own, and from exceptions to texts.
#pragma once

#include <ATen/ATen.h>

#include <cstring>
#include <string>

#include "CTorch.h"

inline char *copy_text(const std::string &text) {
  return strdup(text.empty() ? "unknown error" : text.c_str());
}

// Runs the body; an exception becomes the text that the caller gets.
template <typename Body>
char *guarded(Body &&body) noexcept {
  try {
    body();
    return nullptr;
  } catch (const c10::Error &error) {
    return copy_text(error.what_without_backtrace());
  } catch (const std::exception &error) {
    return copy_text(error.what());
  } catch (...) {
    return copy_text("unknown C++ exception");
  }
}

// What the body gives; the fallback where it throws.
template <typename Value, typename Body>
Value guarded(Value fallback, Body &&body) noexcept {
  try {
    return body();
  } catch (...) {
    return fallback;
  }
}

inline at::TensorImpl *implementation(ct_tensor tensor) {
  return reinterpret_cast<at::TensorImpl *>(tensor);
}

inline at::Tensor borrow(ct_tensor tensor) {
  if (tensor == nullptr) return at::Tensor();
  return at::Tensor(c10::intrusive_ptr<at::TensorImpl, at::UndefinedTensorImpl>::reclaim_copy(
      implementation(tensor)));
}

inline ct_tensor own(at::Tensor tensor) {
  if (!tensor.defined()) return nullptr;
  return reinterpret_cast<ct_tensor>(tensor.unsafeReleaseTensorImpl());
}
