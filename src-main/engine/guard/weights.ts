import type { GuardSpec } from '../../shared/domain/run-spec.ts';
import { usualLearnedWeight } from '../../shared/domain/spec-defaults.ts';
import type { ObjectiveState } from '../objectives/objective.ts';

/** What a step saw of guarded instances; every list runs parallel to `targets`. */
export interface GuardSeen {
  /** By index. */
  targets: readonly number[];
  /** Whether the instance fires, 0 or 1; for a text, how many of its held tokens do. */
  fired: readonly number[];
  /** What may fire in it: 1 by default; for a text, its held tokens. */
  mayFire?: readonly number[];
  /** How far the instance fell beyond ε, at least 0; for a text, its hinge. */
  excess: readonly number[];
}

/** Those that have neither tag nor slice. */
export const unslicedName = 'untagged';

/**
 * λ of a guard: one for the run or, if it is learned per slice, one for the targets of each slice. A learned λ is the multiplier of a
 * limit, by dual ascent: λ ← max(0, λ + rate·(m − target)) after each step, m the mean over the slice's targets of that step; a slice
 * without any keeps its λ.
 */
export class GuardWeights {
  readonly #spec: GuardSpec;
  /** The slice of every target, by index in `names`; all 0 for a single λ. */
  readonly #slices: readonly number[] | null;
  readonly #names: readonly string[];
  #weights: number[];

  constructor(spec: GuardSpec, slices?: readonly string[]) {
    this.#spec = spec;
    const sliced = spec.learnedWeight?.per === 'slice' && slices !== undefined ? slices : null;
    this.#names = sliced === null ? [] : [...new Set(sliced)];
    const places = new Map(this.#names.map((name, place) => [name, place]));
    this.#slices = sliced?.map((name) => places.get(name)!) ?? null;
    this.#weights = new Array<number>(Math.max(1, this.#names.length)).fill(spec.weight);
  }

  /** The mean over slices. */
  get mean(): number {
    return this.#weights.reduce((sum, weight) => sum + weight, 0) / this.#weights.length;
  }

  /** Raises and lowers all alike. */
  set mean(wanted: number) {
    const now = this.mean;
    this.#weights = this.#weights.map((weight) => (now === 0 ? wanted : (weight / now) * wanted));
  }

  /** At λ = 0 a guard only observes. */
  get isIdle(): boolean {
    return this.#weights.every((weight) => weight === 0);
  }

  of(targets: readonly number[]): Float32Array {
    return Float32Array.from(targets, (target) => this.#weights[this.#slices?.[target] ?? 0]!);
  }

  /** Whether it is learned from how far instances fall, which then has to be measured for all of them. */
  get learnsFromFall(): boolean {
    return (this.#spec.learnedWeight?.of ?? usualLearnedWeight.of) === 'fall';
  }

  /** Figures of the step, before λ moves, under a name per slice. */
  measures(seen: GuardSeen): Record<string, number> {
    if (this.#slices === null) return {};
    const held = this.learnsFromFall ? 'guard/excess' : 'guard/fired';
    const values = this.#means(seen);
    return Object.fromEntries(
      this.#names.flatMap((name, place): [string, number][] => [
        [`guard/weight/${name}`, this.#weights[place]!],
        ...(values[place] === null ? [] : ([[`${held}/${name}`, values[place]!]] satisfies [string, number][])),
      ]),
    );
  }

  /** After a step. */
  learn(seen: GuardSeen): void {
    const { learnedWeight } = this.#spec;
    if (learnedWeight === null) return;
    const { rate, target } = learnedWeight;
    this.#weights = this.#means(seen).map((measured, place) => {
      const weight = this.#weights[place]!;
      return measured === null ? weight : Math.max(0, weight + rate * (measured - target));
    });
  }

  /** The quantity that is kept at the target, slice by slice; null if the step had none of the slice. */
  #means({ targets, fired, mayFire, excess }: GuardSeen): (number | null)[] {
    const sums = this.#weights.map(() => ({ targets: 0, sum: 0, count: 0 }));
    targets.forEach((target, i) => {
      const slice = sums[this.#slices?.[target] ?? 0]!;
      slice.targets += 1;
      slice.sum += this.learnsFromFall ? excess[i]! : fired[i]!;
      slice.count += this.learnsFromFall ? 1 : (mayFire?.[i] ?? 1);
    });
    return sums.map(({ targets: met, sum, count }) => (met === 0 ? null : sum / Math.max(1, count)));
  }

  state(): ObjectiveState {
    return { guardWeight: this.mean, ...(this.#slices === null ? {} : { guardWeights: [...this.#weights] }) };
  }

  /** Whatever the state does not contain stays as it is. */
  restore({ guardWeight, guardWeights }: ObjectiveState): void {
    if (Array.isArray(guardWeights) && guardWeights.length === this.#weights.length) this.#weights = [...guardWeights];
    else if (typeof guardWeight === 'number') this.mean = guardWeight;
  }
}
