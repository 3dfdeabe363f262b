// What a kernel's call gets and gives, and how an operation is added: TensorFlow's C interface with owners and exceptions.
#pragma once
#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

#include "status.h"
#include "tensorflow_kernels.h"

namespace flipguard {

inline void require(bool holds, const char *what) {
  if (!holds) throw std::invalid_argument(what);
}

struct TensorDeleter {
  void operator()(TF_Tensor *tensor) const { TF_DeleteTensor(tensor); }
};

/** A tensor of a kernel's call. */
class Tensor {
 public:
  explicit Tensor(TF_Tensor *tensor) : tensor_(tensor) {}
  static Tensor input(TF_OpKernelContext *context, int index) {
    TF_Tensor *tensor = nullptr;
    Status status;
    TF_GetInput(context, index, &tensor, status);
    status.check("a kernel");
    return Tensor(tensor);
  }
  static Tensor output(TF_OpKernelContext *context, int index, const std::vector<int64_t> &shape) {
    Status status;
    TF_Tensor *tensor = TF_AllocateOutput(context, index, TF_FLOAT, shape.data(), static_cast<int>(shape.size()),
                                          sizeof(float) * sizeOf(shape), status);
    status.check("a kernel");
    return Tensor(tensor);
  }
  /** The output takes the memory of an input that nobody else will read, if there is one of its shape. */
  static Tensor outputOver(TF_OpKernelContext *context, int index, const std::vector<int64_t> &shape, int input) {
    Status status;
    int forwarded = -1;
    TF_Tensor *tensor = TF_ForwardInputOrAllocateOutput(context, &input, 1, index, shape.data(),
                                                        static_cast<int>(shape.size()), &forwarded, status);
    status.check("a kernel");
    return Tensor(tensor);
  }

  std::vector<int64_t> shape() const {
    std::vector<int64_t> sizes;
    for (int i = 0; i < TF_NumDims(tensor_.get()); i++) sizes.push_back(TF_Dim(tensor_.get(), i));
    return sizes;
  }
  int64_t size() const { return sizeOf(shape()); }
  int64_t width() const { return TF_NumDims(tensor_.get()) == 0 ? 1 : TF_Dim(tensor_.get(), TF_NumDims(tensor_.get()) - 1); }
  float *floats() const { return static_cast<float *>(TF_TensorData(tensor_.get())); }
  const int32_t *integers() const { return static_cast<const int32_t *>(TF_TensorData(tensor_.get())); }

  static int64_t sizeOf(const std::vector<int64_t> &shape) {
    int64_t size = 1;
    for (int64_t length : shape) size *= length;
    return size;
  }

 private:
  std::unique_ptr<TF_Tensor, TensorDeleter> tensor_;
};

/** Output k has the shape of input `like` k. */
template <int... like>
void shapes(TF_ShapeInferenceContext *context, TF_Status *status) {
  TF_ShapeHandle *shape = TF_NewShapeHandle();
  int output = 0;
  for (int input : {like...}) {
    TF_ShapeInferenceContextGetInput(context, input, shape, status);
    if (TF_GetCode(status) != TF_OK) break;
    TF_ShapeInferenceContextSetOutput(context, output++, shape, status);
    if (TF_GetCode(status) != TF_OK) break;
  }
  TF_DeleteShapeHandle(shape);
}

inline int64_t integerOf(TF_OpKernelConstruction *construction, const char *attribute) {
  int64_t value = 0;
  Status status;
  TF_OpKernelConstruction_GetAttrInt64(construction, attribute, &value, status);
  status.check(attribute);
  return value;
}

inline float numberOf(TF_OpKernelConstruction *construction, const char *attribute) {
  float value = 0;
  Status status;
  TF_OpKernelConstruction_GetAttrFloat(construction, attribute, &value, status);
  status.check(attribute);
  return value;
}

using ShapeFunction = void (*)(TF_ShapeInferenceContext *, TF_Status *);

/** `writes`: the operation changes an input, and is neither left out nor done once for two. */
inline void define(const char *name, const std::vector<const char *> &inputs, const std::vector<const char *> &outputs,
            const std::vector<const char *> &attributes, ShapeFunction shape, bool writes = false) {
  TF_OpDefinitionBuilder *builder = TF_NewOpDefinitionBuilder(name);
  for (const char *spec : attributes) TF_OpDefinitionBuilderAddAttr(builder, spec);
  for (const char *spec : inputs) TF_OpDefinitionBuilderAddInput(builder, spec);
  for (const char *spec : outputs) TF_OpDefinitionBuilderAddOutput(builder, spec);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(builder, shape);
  TF_OpDefinitionBuilderSetIsStateful(builder, writes);
  Status status;
  TF_RegisterOpDefinition(builder, status);
  status.check(name);
}

template <typename Kernel>
void implement(const char *name) {
  const auto create = [](TF_OpKernelConstruction *construction) -> void * {
    try {
      return new Kernel(construction);
    } catch (const std::exception &error) {
      Status status;
      TF_SetStatus(status, TF_INVALID_ARGUMENT, error.what());
      TF_OpKernelConstruction_Failure(construction, status);
      return nullptr;
    }
  };
  const auto compute = [](void *kernel, TF_OpKernelContext *context) {
    try {
      static_cast<Kernel *>(kernel)->compute(context);
    } catch (const std::exception &error) {
      Status status;
      TF_SetStatus(status, TF_INVALID_ARGUMENT, error.what());
      TF_OpKernelContext_Failure(context, status);
    }
  };
  const auto destroy = [](void *kernel) { delete static_cast<Kernel *>(kernel); };
  Status status;
  TF_RegisterKernelBuilder(name, TF_NewKernelBuilder(name, "CPU", create, compute, destroy), status);
  status.check(name);
}

}  // namespace flipguard
