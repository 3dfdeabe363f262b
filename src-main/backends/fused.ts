import * as tf from '@tensorflow/tfjs-core';
import type { Attribute, TensorflowBackend } from './binding.ts';

/** Attention over packed places: what `engine/models/packed-batch.ts` calls slots and places. */
export interface PlacesAttention {
  /** [places, heads·headDim] */
  query: tf.Tensor2D;
  /** [places, kvHeads·headDim] */
  key: tf.Tensor2D;
  value: tf.Tensor2D;
  /** int32 [slots] */
  spread: tf.Tensor1D;
  returned: tf.Tensor1D;
  /** For every place, `places × turned numbers / 2` each; null where nothing is rotated. */
  rotary: { cos: tf.Tensor; sin: tf.Tensor } | null;
  /** Rows by their padded length, in the order of the slots. */
  groups: readonly { rows: number; time: number }[];
  headDim: number;
  /** Keys that a query sees, its own included; null: all before it. */
  window: number | null;
  /** Multiplies the queries. */
  scale: number;
}

/** A token of each row as a float, and its log-prob in nats, [n] each. */
export interface PickedTokens {
  token: tf.Tensor1D;
  logProb: tf.Tensor1D;
}

/** One new position of each row, and the cache that it joins. */
export interface StepAttention {
  /** Scaled and not rotated yet [rows, heads·headDim] */
  query: tf.Tensor2D;
  /** Not rotated yet [rows, kvHeads·headDim] */
  key: tf.Tensor2D;
  value: tf.Tensor2D;
  /** Cosines and sines of the rows' positions, [rows, turned numbers / 2] each; null where nothing is rotated. */
  rotary: { cos: tf.Tensor2D; sin: tf.Tensor2D } | null;
  /** Rotated keys, and values, [rows, kvHeads, headDim, room], the room a multiple of 16. The new ones are written into them. */
  keys: tf.Tensor4D;
  values: tf.Tensor4D;
  /** Positions at a row's start that it does not have, int32 [rows]. */
  padding: tf.Tensor1D;
  /** Where the new position is in the cache, int32 [1]. */
  place: tf.Tensor1D;
  /** Keys that the query sees, its own included; null: all that its row has. */
  window: number | null;
}

/** Losses and gradient of all rows [n], [n, vocab]; divergence of the first and what its gradient needs [m], [m, vocab]. */
export interface LossesBeside {
  loss: tf.Tensor1D;
  grad: tf.Tensor2D;
  divergence: tf.Tensor1D;
  other: tf.Tensor2D;
}

/**
 * Operations of a forward pass that are many of TensorFlow's own, each as one, with their gradients where training needs them: `build/native/*_operations.cc`. Float32,
 * and for a processor alone. None is differentiable by itself.
 */
export interface FusedOps {
  /** x · rsqrt(mean(x²) + ε) · gain over the last axis. */
  rmsNorm<T extends tf.Tensor>(x: T, gain: tf.Tensor1D, epsilon: number): T;
  /** → by x, by gain */
  rmsNormGradient<T extends tf.Tensor>(x: T, gain: tf.Tensor1D, dy: T, epsilon: number): [T, tf.Tensor1D];
  /** silu(gate) · up */
  swiGlu(gate: tf.Tensor2D, up: tf.Tensor2D): tf.Tensor2D;
  /** → by gate, by up */
  swiGluGradient(gate: tf.Tensor2D, up: tf.Tensor2D, dy: tf.Tensor2D): [tf.Tensor2D, tf.Tensor2D];
  /** Rotated, causal and softmaxed → as the query; 0 at places that no slot is read back from. */
  attention(of: PlacesAttention): tf.Tensor2D;
  /** → by query, key and value */
  attentionGradient(of: PlacesAttention, dy: tf.Tensor2D): [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
  /** Rotated and softmaxed over what its row has → as the query. **Writes into `keys` and `values`**, which nothing else may share. */
  attendStep(of: StepAttention): tf.Tensor2D;
  /** The likeliest token of each row of logits [n, vocab], the first of several. */
  likeliest(logits: tf.Tensor2D): PickedTokens;
  /**
   * A token of each row drawn at a temperature above 0, where the running sum of probabilities passes its uniform number [n]; its log-prob is that
   * at temperature 1.
   */
  drawn(logits: tf.Tensor2D, uniforms: tf.Tensor1D, temperature: number): PickedTokens;
  /**
   * As `crossEntropy` of the own logits [n, vocab], and for the first rows, with the old logits [m, vocab], KL(q ‖ p) in nats of
   * q = softmax(old) and p = softmax(own) [m] and what its gradient needs: q − 1[label]. Without the label, the KL of what is left of both
   * distributions, and its gradient by the own logits, p − q.
   */
  lossesBeside(own: tf.Tensor2D, old: tf.Tensor2D, labels: tf.Tensor1D, withoutLabel: boolean): LossesBeside;
  /** The first rows of x as a·x + b·y, with factors of each row of y, and the others as they are. */
  firstRowsScaled(x: tf.Tensor2D, y: tf.Tensor2D, a: tf.Tensor, b: tf.Tensor): tf.Tensor2D;
  /** As `NativeOps.sparseSoftmaxCrossEntropy`; the gradient may take the place of the logits in memory. */
  crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): { loss: tf.Tensor1D; grad: tf.Tensor2D };
}

/** The fused operations of this backend; undefined on a GPU, and where the binding or the library has none. */
export function fusedOps(backend: TensorflowBackend): FusedOps | undefined {
  if (backend.isUsingGpuDevice || backend.binding.fusedOperations === undefined) return undefined;
  const one = (name: string, attributes: Attribute[], inputs: tf.Tensor[]) =>
    backend.executeSingleOutput(name, attributes, inputs);
  const several = (name: string, attributes: Attribute[], inputs: tf.Tensor[], outputs: number) =>
    backend.executeMultipleOutputs(name, attributes, inputs, outputs);
  const number = (name: string, value: number): Attribute => ({ name, type: backend.binding.TF_ATTR_FLOAT, value });
  const whole = (name: string, value: number | number[]): Attribute => {
    return { name, type: backend.binding.TF_ATTR_INT, value };
  };
  const sizes = ({ groups, headDim, window, scale }: PlacesAttention): Attribute[] => [
    whole(
      'rows',
      groups.map(({ rows }) => rows),
    ),
    whole(
      'times',
      groups.map(({ time }) => time),
    ),
    whole('head_dim', headDim),
    whole('window', window ?? 0),
    number('scale', scale),
  ];
  const arrays = ({ query, key, value, spread, returned, rotary }: PlacesAttention): tf.Tensor[] => {
    const { cos, sin } = rotary ?? { cos: tf.tensor1d([]), sin: tf.tensor1d([]) };
    return [query, key, value, spread, returned, cos, sin];
  };
  return {
    rmsNorm: <T extends tf.Tensor>(x: T, gain: tf.Tensor1D, epsilon: number) =>
      one('FlipguardRmsNorm', [number('epsilon', epsilon)], [x, gain]) as T,
    rmsNormGradient: <T extends tf.Tensor>(x: T, gain: tf.Tensor1D, dy: T, epsilon: number) =>
      several('FlipguardRmsNormGrad', [number('epsilon', epsilon)], [x, gain, dy], 2) as [T, tf.Tensor1D],
    swiGlu: (gate, up) => one('FlipguardSwiGlu', [], [gate, up]) as tf.Tensor2D,
    swiGluGradient: (gate, up, dy) =>
      several('FlipguardSwiGluGrad', [], [gate, up, dy], 2) as [tf.Tensor2D, tf.Tensor2D],
    attention: (of) => tf.tidy(() => one('FlipguardAttention', sizes(of), arrays(of)) as tf.Tensor2D),
    attentionGradient: (of, dy) =>
      tf.tidy(() => several('FlipguardAttentionGrad', sizes(of), [...arrays(of), dy], 3)) as [
        tf.Tensor2D,
        tf.Tensor2D,
        tf.Tensor2D,
      ],
    attendStep: ({ query, key, value, rotary, keys, values, padding, place, window }) =>
      tf.tidy(() => {
        const { cos, sin } = rotary ?? { cos: tf.tensor1d([]), sin: tf.tensor1d([]) };
        const arrays = [query, key, value, cos, sin, keys, values, padding, place];
        return one('FlipguardAttendStep', [whole('window', window ?? 0)], arrays) as tf.Tensor2D;
      }),
    likeliest(logits) {
      const [token, logProb] = several('FlipguardLikeliest', [], [logits], 2);
      return { token, logProb } as PickedTokens;
    },
    drawn(logits, uniforms, temperature) {
      const attributes = [number('temperature', temperature)];
      const [token, logProb] = several('FlipguardDrawn', attributes, [logits, uniforms], 2);
      return { token, logProb } as PickedTokens;
    },
    lossesBeside(own, old, labels, withoutLabel) {
      const attributes = [whole('without_label', withoutLabel ? 1 : 0)];
      const [loss, grad, divergence, other] = several('FlipguardLossesBeside', attributes, [own, old, labels], 4);
      return { loss, grad, divergence, other } as LossesBeside;
    },
    firstRowsScaled: (x, y, a, b) => one('FlipguardFirstRowsScaled', [], [x, y, a, b]) as tf.Tensor2D,
    crossEntropy(logits, labels) {
      const [loss, grad] = several('FlipguardCrossEntropy', [], [logits, labels], 2);
      return { loss: loss as tf.Tensor1D, grad: grad as tf.Tensor2D };
    },
  };
}
