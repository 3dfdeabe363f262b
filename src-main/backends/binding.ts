import type * as tf from '@tensorflow/tfjs-core';

/** A tensor of TensorFlow's as the binding speaks of it. */
export interface HandleInfo {
  id: number;
  dtype: number;
  shape: number[];
}

/** An attribute of an operation. */
export interface Attribute {
  name: string;
  type: number;
  value: number | boolean | string | number[];
}

/** tfjs-node's native half, with what `build/native` adds: absent in a binding that was compiled without it. */
export interface Binding {
  readonly TF_Version: string;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_SHAPE: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_BOOL: number;
  readonly TF_RESOURCE: number;
  executeOp(name: string, attributes: Attribute[], inputs: readonly number[], outputs: number): HandleInfo[];
  createTensor(shape: number[], dtype: number, values: ArrayLike<number>): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): ArrayLike<number>;
  /** Instructions that the fused operations use; absent without them. */
  readonly fusedOperations?: string;
  traceBegin?(): number;
  traceEnd?(trace: number): void;
  /** Answers the node's outputs; where it has none, the node alone. `after`: nodes that run before it. */
  traceOp?(
    trace: number,
    name: string,
    attributes: Attribute[],
    inputs: (number | number[])[],
    after: number[],
  ): (GraphTensor | number)[];
  traceConstant?(trace: number, tensor: number): GraphTensor;
  traceInput?(trace: number, dtype: number, shape: number[]): GraphTensor;
  /** `always`: nodes that run though no output needs them. */
  traceFunction?(trace: number, name: string, inputs: number[], outputs: number[], always: number[]): void;
  removeFunction?(name: string): void;
  /** `executor`: TensorFlow's name of what runs the operations; empty for its usual one. */
  runFunction?(name: string, inputs: number[], outputs: number, executor: string): HandleInfo[];
}

/** A node's output in a graph under construction; `shape` is null, or holds −1, where TensorFlow cannot infer it. */
export interface GraphTensor {
  readonly id: number;
  readonly dtype: number;
  readonly shape: readonly number[] | null;
}

/** The part of tfjs-node's backend that reaches TensorFlow's operations by name. */
export interface TensorflowBackend {
  isUsingGpuDevice: boolean;
  binding: Binding;
  /** What a tensor's data is to TensorFlow; `values` while they have not been handed over. */
  readonly tensorMap: { get(dataId: object): HandleInfo & { values: unknown } };
  /** The handles of tensors, which are handed over to TensorFlow at their first use. */
  getInputTensorIds(tensors: readonly tf.TensorInfo[]): number[];
  createOutputTensor(info: HandleInfo): tf.Tensor;
  executeSingleOutput(name: string, attributes: Attribute[], inputs: tf.TensorInfo[]): tf.Tensor;
  executeMultipleOutputs(name: string, attributes: Attribute[], inputs: tf.Tensor[], outputs: number): tf.Tensor[];
}
