// TensorFlow's status, as an object that throws.
#pragma once
#include <memory>
#include <stdexcept>
#include <string>

#include "tensorflow/c/c_api.h"

namespace flipguard {

struct StatusDeleter {
  void operator()(TF_Status *status) const { TF_DeleteStatus(status); }
};

/** A status that throws its message. */
class Status {
 public:
  operator TF_Status *() const { return status_.get(); }
  void check(const std::string &what) const {
    if (TF_GetCode(status_.get()) != TF_OK) throw std::runtime_error(what + ": " + TF_Message(status_.get()));
  }

 private:
  std::unique_ptr<TF_Status, StatusDeleter> status_{TF_NewStatus()};
};

}  // namespace flipguard
