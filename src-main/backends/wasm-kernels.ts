import * as tf from '@tensorflow/tfjs-core';

/** What of tfjs's WebAssembly backend a view of a tensor's memory needs. */
interface WasmBackend extends tf.KernelBackend {
  dataIdMap: { get(dataId: object): { id: number; memoryOffset: number }; delete(dataId: object): void };
  wasm: { tfjs: { disposeData(id: number): void } };
  makeOutput(shape: number[], dtype: 'float32', memoryOffset?: number): tf.TensorInfo;
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array | Int32Array;
}

/** Multiplications of one product, below which setting it up costs more than the plain loop. */
const worthSettingUp = 8192;

/** Forms of kernels that tfjs's WebAssembly backend has and does slowly. Once per process. */
export function speedUpWasm(): void {
  speedUpProducts();
  speedUpGather();
}

/**
 * tfjs's WebAssembly backend multiplies two plain matrices by XNNPACK, and everything else (transposed operands, batches) by a loop that is
 * eight times slower. Here operands are transposed first, and batches are products of their matrices, in place in the backend's memory.
 */
function speedUpProducts(): void {
  replaceKernel('BatchMatMul', (kernel) => ({ inputs, attrs, backend }) => {
    const { a, b } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
    const wasm = backend as WasmBackend;
    const [batch, other] = [batchOf(a), batchOf(b)];
    const [transposeA, transposeB] = [attrs?.['transposeA'] === true, attrs?.['transposeB'] === true];
    const whole = (x: tf.TensorInfo, y: tf.TensorInfo, attributes: tf.NamedAttrMap) =>
      kernel({ inputs: { a: x, b: y }, attrs: attributes, backend }) as tf.TensorInfo;
    const plain = batch === 1 && !transposeA && !transposeB;
    if (plain || batch !== other || a.dtype !== 'float32' || b.dtype !== 'float32') return whole(a, b, attrs ?? {});
    const columns = b.shape.at(transposeB ? -2 : -1)!;
    if ((sizeOf(a) / batch) * columns < worthSettingUp) return whole(a, b, attrs ?? {});
    const [left, right] = [transposeA ? transposed(a, wasm) : a, transposeB ? transposed(b, wasm) : b];
    const product = (x: tf.TensorInfo, y: tf.TensorInfo) => whole(x, y, { transposeA: false, transposeB: false });
    const result = batch === 1 ? product(left, right) : eachProduct(left, right, batch, wasm, product);
    if (transposeA) wasm.disposeData(left.dataId);
    if (transposeB) wasm.disposeData(right.dataId);
    return result;
  });
}

function eachProduct(
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  batch: number,
  wasm: WasmBackend,
  product: (x: tf.TensorInfo, y: tf.TensorInfo) => tf.TensorInfo,
): tf.TensorInfo {
  const [rows, columns] = [a.shape.at(-2)!, b.shape.at(-1)!];
  const result = wasm.makeOutput([...a.shape.slice(0, -2), rows, columns], 'float32');
  for (let i = 0; i < batch; i++) {
    const [x, y] = [matrixOf(a, i, wasm), matrixOf(b, i, wasm)];
    const part = product(x, y);
    // Memory may have moved since the last one.
    wasm.typedArrayFromHeap(result).set(wasm.typedArrayFromHeap(part), i * rows * columns);
    wasm.disposeData(part.dataId);
    for (const view of [x, y]) release(view, wasm);
  }
  return result;
}

/** The i-th matrix, without a copy. */
function matrixOf(tensor: tf.TensorInfo, i: number, wasm: WasmBackend): tf.TensorInfo {
  const shape = tensor.shape.slice(-2);
  const bytes = 4 * shape[0]! * shape[1]!;
  return wasm.makeOutput(shape, 'float32', wasm.dataIdMap.get(tensor.dataId).memoryOffset + i * bytes);
}

/** Forgets a view, and leaves the memory to its owner. */
function release(view: tf.TensorInfo, wasm: WasmBackend): void {
  wasm.wasm.tfjs.disposeData(wasm.dataIdMap.get(view.dataId).id);
  wasm.dataIdMap.delete(view.dataId);
}

function transposed(x: tf.TensorInfo, backend: WasmBackend): tf.TensorInfo {
  const rank = x.shape.length;
  const perm = [...x.shape.keys()].map((axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
  const kernel = tf.getKernel('Transpose', 'wasm');
  return kernel.kernelFunc({ inputs: { x }, attrs: { perm }, backend }) as tf.TensorInfo;
}

function batchOf({ shape }: tf.TensorInfo): number {
  return shape.slice(0, -2).reduce((product, size) => product * size, 1);
}

function sizeOf({ shape }: tf.TensorInfo): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Rows of a matrix are copied whole; the module's own kernel finds the place of every single number again. */
function speedUpGather(): void {
  replaceKernel('GatherV2', (kernel) => (call) => {
    const { x, indices } = call.inputs as { x: tf.TensorInfo; indices: tf.TensorInfo };
    const { axis = 0, batchDims = 0 } = (call.attrs ?? {}) as { axis?: number; batchDims?: number };
    const wasm = call.backend as WasmBackend;
    if (axis !== 0 || batchDims !== 0 || x.dtype !== 'float32' || indices.dtype !== 'int32') return kernel(call);
    const [rows = 0, ...rest] = x.shape;
    const width = rest.reduce((product, size) => product * size, 1);
    const result = wasm.makeOutput([...indices.shape, ...rest], 'float32');
    const [from, to] = [wasm.typedArrayFromHeap(x), wasm.typedArrayFromHeap(result)];
    wasm.typedArrayFromHeap(indices).forEach((row, i) => {
      if (row < 0 || row >= rows) throw new Error(`GatherV2: the index value ${row} is not in [0, ${rows - 1}]`);
      to.set(from.subarray(row * width, (row + 1) * width), i * width);
    });
    return result;
  });
}

function replaceKernel(kernelName: string, made: (kernel: tf.KernelFunc) => tf.KernelFunc): void {
  const config = tf.getKernel(kernelName, 'wasm');
  tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({ ...config, kernelFunc: made(config.kernelFunc) });
}
