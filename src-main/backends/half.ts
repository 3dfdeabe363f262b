import type * as tf from '@tensorflow/tfjs-core';
import type { Attribute, TensorflowBackend } from './binding.ts';
import { multipliesBfloat16 } from './processor.ts';
import { activeTracer } from './tracer.ts';

/** TensorFlow's number for bfloat16; tfjs knows no such type, and the binding hands its handles on all the same. */
const bfloat16 = 14;

/** bfloat16: float32 with 8 bits of mantissa, in half the memory. */
export interface HalfPrecision {
  /** Whether the device multiplies bfloat16 by instructions of its own. */
  readonly multiplies: boolean;
  /** Whether `auto` takes it: on a processor the little time it saves is not worth numbers other than TRL's (docs/performance.md). */
  readonly isUsual: boolean;
  /** Keeps the variable's numbers in bfloat16 from now on; nothing but `widened` and `product` reads them. */
  store(variable: tf.Variable): void;
  stores(variable: tf.Tensor): boolean;
  /** The numbers as float32; in a compiled function made once `before` is there, so that not all of a model's are made at its start. */
  widened(variable: tf.Tensor, before?: tf.Tensor): tf.Tensor;
  /** a·b of matrices rounded to bfloat16, summed in float32 and rounded once more; the product is float32 again. */
  product(a: tf.Tensor2D, b: tf.Tensor2D, transposeA: boolean, transposeB: boolean): tf.Tensor2D;
}

export function tensorflowHalf(backend: TensorflowBackend): HalfPrecision {
  const { TF_ATTR_TYPE, TF_ATTR_BOOL, TF_FLOAT } = backend.binding;
  const type = (name: string, value: number): Attribute => ({ name, type: TF_ATTR_TYPE, value });
  const flag = (name: string, value: boolean): Attribute => ({ name, type: TF_ATTR_BOOL, value });
  const stored = (tensor: tf.Tensor) => backend.tensorMap.get(tensor.dataId).dtype === bfloat16;
  const cast = (id: number, from: number, to: number) =>
    backend.binding.executeOp('Cast', [type('SrcT', from), type('DstT', to), flag('Truncate', false)], [id], 1)[0]!;
  const narrowId = (tensor: tf.Tensor) => {
    const [id] = backend.getInputTensorIds([tensor]);
    return stored(tensor) ? { id: id!, own: false } : { id: cast(id!, TF_FLOAT, bfloat16).id, own: true };
  };
  return {
    multiplies: backend.isUsingGpuDevice || multipliesBfloat16(),
    isUsual: backend.isUsingGpuDevice,
    stores: stored,
    store(variable) {
      if (stored(variable)) return;
      const [id] = backend.getInputTensorIds([variable]);
      const narrow = cast(id!, TF_FLOAT, bfloat16);
      backend.binding.deleteTensor(id!);
      Object.assign(backend.tensorMap.get(variable.dataId), { id: narrow.id, dtype: bfloat16 });
    },
    widened(variable, before) {
      const [id] = backend.getInputTensorIds([variable]);
      const tracer = activeTracer();
      if (tracer === null || before === undefined) return backend.createOutputTensor(cast(id!, bfloat16, TF_FLOAT));
      const [earlier] = backend.getInputTensorIds([before]);
      return backend.createOutputTensor(cast(tracer.after(id!, bfloat16, earlier!).id, bfloat16, TF_FLOAT));
    },
    product(a, b, transposeA, transposeB) {
      const [left, right] = [narrowId(a), narrowId(b)];
      const attributes = [type('T', bfloat16), flag('transpose_a', transposeA), flag('transpose_b', transposeB)];
      const [product] = backend.binding.executeOp('MatMul', attributes, [left.id, right.id], 1);
      const wide = cast(product!.id, bfloat16, TF_FLOAT);
      for (const { id, own } of [left, right]) if (own) backend.binding.deleteTensor(id);
      backend.binding.deleteTensor(product!.id);
      return backend.createOutputTensor(wide) as tf.Tensor2D;
    },
  };
}
