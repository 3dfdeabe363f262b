import type { Tensor } from '@tensorflow/tfjs-core';

const constants = new WeakSet<object>();

/** Declares that a tensor made within a pass has these values in every pass of the same sizes, so that a compiled one may keep it. */
export function constant<T extends Tensor>(tensor: T): T {
  constants.add(tensor.dataId);
  return tensor;
}

export function isConstant(dataId: object): boolean {
  return constants.has(dataId);
}
