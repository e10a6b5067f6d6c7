#pragma once

#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/variable.h>

#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "CTorch.h"
#include "Handles.h"

// A function whose derivative is computed by the caller.
class CallerNode : public torch::autograd::Node {
 public:
  CallerNode(void *context, ct_derivative derivative, void (*release)(void *))
      : context_(context), derivative_(derivative), release_(release) {}
  ~CallerNode() override { release_variables(); }

  // Notes how often an input was changed in place, without holding on to its memory.
  void watch(const at::Tensor &input) {
    if (!input.defined()) return;
    const auto &counter = input.unsafeGetTensorImpl()->version_counter();
    if (counter.enabled()) watched_.emplace_back(counter, counter.current_version());
  }

  torch::autograd::variable_list apply(torch::autograd::variable_list &&gradients) override {
    TORCH_CHECK(context_ != nullptr, "a function can be differentiated once");
    for (const auto &input : watched_)
      TORCH_CHECK(input.first.current_version() == input.second,
                  "an input of a function was changed in place before its derivative was computed");
    std::vector<ct_tensor> given;
    for (const auto &gradient : gradients)
      given.push_back(reinterpret_cast<ct_tensor>(gradient.defined() ? gradient.unsafeGetTensorImpl() : nullptr));
    std::vector<ct_tensor> results(num_outputs(), nullptr);
    char *error = derivative_(context_, given.data(), given.size(), results.data(), results.size());
    torch::autograd::variable_list found;
    for (ct_tensor result : results) {
      found.push_back(borrow(result));
      ct_release(result);
    }
    if (error != nullptr) {
      std::string text(error);
      free(error);
      TORCH_CHECK(false, text);
    }
    return found;
  }

  std::string name() const override { return "CallerNode"; }

  void release_variables() override {
    if (context_ != nullptr) release_(context_);
    context_ = nullptr;
  }

 private:
  void *context_;
  ct_derivative derivative_;
  void (*release_)(void *);
  // The inputs' counters of changes, and where they stood.
  std::vector<std::pair<c10::VariableVersion, uint32_t>> watched_;
};

// libtorch holds nodes by `intrusive_ptr`; before 2.13 by `shared_ptr`.
template <typename Pointer = decltype(torch::autograd::Edge::function)>
inline Pointer hold(CallerNode *node) {
  if constexpr (std::is_same_v<Pointer, std::shared_ptr<torch::autograd::Node>>)
    return Pointer(node);
  else
    return Pointer::unsafe_steal_from_new(node);
}
