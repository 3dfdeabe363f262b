import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

/**
 * Sequences laid one token after another, without padding between them; a prompt that several of them begin with is stored once. Linear
 * layers see places [places, dim]; only attention sees rows, by length: a group of rows of similar length is [rows × time] slots.
 */
export interface PackedForm {
  /** Places of tokens; the last one belongs to no token, and whatever fills up a size points to it. */
  places: number;
  groups: readonly RowGroup[];
  /** Slots that hold a token another row computes. */
  copies: number;
}

export interface RowGroup {
  rows: number;
  /** Padded length. */
  time: number;
}

/** Where tokens are, all int32. */
export interface PackedArrays {
  /** Token ids and positions within their sequence, [places]. */
  ids: Int32Array;
  positions: Int32Array;
  /** Length of the sequence that a place belongs to, [places]; rotations may depend on it. */
  lengths: Int32Array;
  /** The place that each slot shows, [slots]: group after group, row after row. */
  spread: Int32Array;
  /** The slot that each place's attention is read back from, [places]. */
  own: Int32Array;
  /** As `spread` for slots that a place is read back from, the place without a token for all others, [slots]. */
  returned: Int32Array;
  /** Slots that show a place which is read back from elsewhere, with that place, [copies] each. */
  copySlots: Int32Array;
  copyPlaces: Int32Array;
}

/** A batch as a pass takes it: its sizes, and the arrays as tensors, which may have no values yet. */
export interface PackedBatch {
  form: PackedForm;
  ids: Tensor1D;
  positions: Tensor1D;
  spread: Tensor1D;
  own: Tensor1D;
  returned: Tensor1D;
  copySlots: Tensor1D;
  copyPlaces: Tensor1D;
  /** Cosines and sines of every place by what the model calls a rotation, [places, dim/2] each. */
  rotary: ReadonlyMap<string, { cos: Tensor2D; sin: Tensor2D }>;
}

export function slotsOf({ groups }: Pick<PackedForm, 'groups'>): number {
  return groups.reduce((sum, { rows, time }) => sum + rows * time, 0);
}

/** x [places, width] → what each slot shows, [slots, width]. */
export function spreadOut<T extends Tensor>(x: T, batch: PackedBatch): T {
  return tf.gather(x, batch.spread);
}

/** The gradient of `spreadOut`: each place's from its own slot and from all slots that are copies of it. */
export function gatheredBack(dy: Tensor2D, batch: PackedBatch): Tensor2D {
  const own = tf.gather(dy, batch.own);
  if (batch.form.copies === 0) return own;
  const copies = tf.gather(dy, batch.copySlots);
  return tf.add(own, tf.unsortedSegmentSum(copies, batch.copyPlaces, batch.form.places));
}
