import * as tf from '@tensorflow/tfjs-core';
import { type AdamNumbers, type AdamSlot, appliedNumbers, TensorflowAdamSlot } from './adam.ts';
import { compile, type CompiledFunction, compiles } from './compiled.ts';
import { activeTensorflow } from './tensorflow.ts';

/** One update of several parameters, by place in the lists. */
export interface AdamUpdate {
  readonly slots: readonly AdamSlot[];
  readonly gradients: readonly tf.Tensor[];
  /** Alike for all, but for the decay. */
  readonly numbers: readonly AdamNumbers[];
  /** Multiplies every gradient. */
  readonly scale: number;
}

/** Makes updates of many parameters one operation each. */
export interface AdamTogether {
  /** False where it was not done, because the slots are not of this backend or it cannot be compiled. */
  update(update: AdamUpdate): boolean;
  dispose(): void;
}

/** How the active backend updates all parameters at once; undefined where it compiles nothing. */
export function adamTogether(): (() => AdamTogether) | undefined {
  return compiles() ? () => new CompiledAdam() : undefined;
}

/** Traced once for each set of parameters, with and without decay and clipping. */
class CompiledAdam implements AdamTogether {
  readonly #functions = new Map<string, CompiledFunction | null>();

  update({ slots, gradients, numbers, scale }: AdamUpdate): boolean {
    const own = slots.filter((slot) => slot instanceof TensorflowAdamSlot);
    const [first] = numbers;
    if (own.length < slots.length || first === undefined) return false;
    const key = [scale === 1, ...own.map(({ weight }, i) => `${weight}:${numbers[i]!.decay === 1}`)].join();
    const known = this.#known(key, own, { gradients, numbers, scale });
    if (known === null) return false;
    const decay = numbers.find((one) => one.decay !== 1)?.decay ?? 1;
    for (const slot of own) slot.adopt();
    const weights = tf.tidy(() => {
      const scalars = [...appliedNumbers(first), decay, scale].map((value) => tf.scalar(value));
      return known.run([...scalars, ...gradients]);
    });
    const backend = activeTensorflow()!;
    weights.forEach((weight, i) => {
      const held = backend.tensorMap.get(weight.dataId);
      own[i]!.give(held.id);
      held.id = -1;
      weight.dispose();
    });
    return true;
  }

  #known(
    key: string,
    slots: readonly TensorflowAdamSlot[],
    { gradients, numbers, scale }: Pick<AdamUpdate, 'gradients' | 'numbers' | 'scale'>,
  ): CompiledFunction | null {
    const known = this.#functions.get(key);
    if (known !== undefined) return known;
    const scalar = { shape: [], dtype: 'float32' as const };
    const specs = [
      ...new Array<typeof scalar>(8).fill(scalar),
      ...gradients.map(({ shape }) => ({ shape, dtype: 'float32' as const })),
    ];
    const made = compile(
      (inputs) => {
        const [rates, decay, factor, own] = [inputs.slice(0, 6), inputs[6]!, inputs[7]!, inputs.slice(8)];
        return slots.map((slot, i) => {
          const gradient = scale === 1 ? own[i]! : tf.mul(own[i]!, factor);
          return slot.trace(gradient, rates, numbers[i]!.decay === 1 ? null : decay);
        });
      },
      specs,
      { resources: slots.flatMap(({ weight, first, second }) => [weight, first, second]) },
    );
    const usable = 'refused' in made ? null : made;
    this.#functions.set(key, usable);
    return usable;
  }

  dispose(): void {
    for (const known of this.#functions.values()) known?.dispose();
    this.#functions.clear();
  }
}
