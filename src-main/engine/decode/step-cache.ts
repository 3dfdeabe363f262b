import type * as tf from '@tensorflow/tfjs-core';
import type { StepInput, StepOutput } from '../models/step-once.ts';

/** What compiled steps keep of the positions so far. It owns its tensors. */
export interface StepCache {
  /** Positions that it has, padding included. */
  readonly length: number;
  /** What a function depends on besides the number of rows. */
  readonly form: string;
  /** Makes room for one more position, which may change the form. */
  makeRoom(): void;
  /** What a step takes of it, in the order of `read`; the caller keeps or disposes what is not the cache's own. */
  tensors(padding: readonly number[]): tf.Tensor[];
  /** The same among the inputs of a function that is built. */
  read(take: <T extends tf.Tensor>() => T): StepInput['kept'];
  /** What a function hands on to the cache. */
  results(output: StepOutput): tf.Tensor[];
  /** After a step, with these results. */
  advance(results: readonly tf.Tensor[]): void;
  /** Only these rows go on, int32 [rows]. */
  keep(rows: tf.Tensor1D): void;
  dispose(): void;
}
