// The part of TensorFlow's C interface by which a program adds operations of its own (tensorflow/c/kernels.h, ops.h). The library exports
// it; the headers that come with it leave it out. Weak, so that a library without them still loads: `canAddOperations` tells.
#pragma once
#include <cstddef>
#include <cstdint>

#include "tensorflow/c/c_api.h"

#define FLIPGUARD_WEAK __attribute__((weak))

extern "C" {
struct TF_OpDefinitionBuilder;
struct TF_ShapeInferenceContext;
struct TF_ShapeHandle;
struct TF_KernelBuilder;
struct TF_OpKernelConstruction;
struct TF_OpKernelContext;

FLIPGUARD_WEAK TF_OpDefinitionBuilder *TF_NewOpDefinitionBuilder(const char *name);
FLIPGUARD_WEAK void TF_OpDefinitionBuilderAddAttr(TF_OpDefinitionBuilder *, const char *spec);
FLIPGUARD_WEAK void TF_OpDefinitionBuilderAddInput(TF_OpDefinitionBuilder *, const char *spec);
FLIPGUARD_WEAK void TF_OpDefinitionBuilderAddOutput(TF_OpDefinitionBuilder *, const char *spec);
FLIPGUARD_WEAK void TF_OpDefinitionBuilderSetShapeInferenceFunction(TF_OpDefinitionBuilder *,
                                                     void (*)(TF_ShapeInferenceContext *, TF_Status *));
FLIPGUARD_WEAK void TF_OpDefinitionBuilderSetIsStateful(TF_OpDefinitionBuilder *, bool);
FLIPGUARD_WEAK void TF_RegisterOpDefinition(TF_OpDefinitionBuilder *, TF_Status *);

FLIPGUARD_WEAK TF_ShapeHandle *TF_NewShapeHandle();
FLIPGUARD_WEAK void TF_DeleteShapeHandle(TF_ShapeHandle *);
FLIPGUARD_WEAK void TF_ShapeInferenceContextGetInput(TF_ShapeInferenceContext *, int, TF_ShapeHandle *, TF_Status *);
FLIPGUARD_WEAK void TF_ShapeInferenceContextSetOutput(TF_ShapeInferenceContext *, int, TF_ShapeHandle *, TF_Status *);

FLIPGUARD_WEAK void TF_ShapeInferenceContextSubshape(TF_ShapeInferenceContext *, TF_ShapeHandle *, int64_t start, int64_t end,
                                                     TF_ShapeHandle *result, TF_Status *);

FLIPGUARD_WEAK TF_KernelBuilder *TF_NewKernelBuilder(const char *op, const char *device, void *(*create)(TF_OpKernelConstruction *),
                                      void (*compute)(void *, TF_OpKernelContext *), void (*destroy)(void *));
FLIPGUARD_WEAK void TF_RegisterKernelBuilder(const char *name, TF_KernelBuilder *, TF_Status *);

FLIPGUARD_WEAK void TF_OpKernelConstruction_GetAttrSize(TF_OpKernelConstruction *, const char *, int32_t *listSize, int32_t *totalSize,
                                         TF_Status *);
FLIPGUARD_WEAK void TF_OpKernelConstruction_GetAttrInt64(TF_OpKernelConstruction *, const char *, int64_t *, TF_Status *);
FLIPGUARD_WEAK void TF_OpKernelConstruction_GetAttrInt64List(TF_OpKernelConstruction *, const char *, int64_t *, int most, TF_Status *);
FLIPGUARD_WEAK void TF_OpKernelConstruction_GetAttrFloat(TF_OpKernelConstruction *, const char *, float *, TF_Status *);
FLIPGUARD_WEAK void TF_OpKernelConstruction_Failure(TF_OpKernelConstruction *, TF_Status *);

FLIPGUARD_WEAK void TF_GetInput(TF_OpKernelContext *, int, TF_Tensor **, TF_Status *);
FLIPGUARD_WEAK TF_Tensor *TF_AllocateOutput(TF_OpKernelContext *, int, TF_DataType, const int64_t *dims, int rank, size_t bytes, TF_Status *);
FLIPGUARD_WEAK TF_Tensor *TF_ForwardInputOrAllocateOutput(TF_OpKernelContext *, const int *candidates, int count, int output,
                                           const int64_t *dims, int rank, int *forwarded, TF_Status *);
FLIPGUARD_WEAK void TF_OpKernelContext_Failure(TF_OpKernelContext *, TF_Status *);
}

inline bool canAddOperations() {
  return TF_NewOpDefinitionBuilder && TF_OpDefinitionBuilderSetShapeInferenceFunction && TF_OpDefinitionBuilderSetIsStateful && TF_NewShapeHandle &&
         TF_NewKernelBuilder && TF_OpKernelConstruction_GetAttrInt64List && TF_ForwardInputOrAllocateOutput;
}
