import { algorithmKinds, type AlgorithmKind } from './algorithms.ts';
import type { GuardSpec, RunSpec, RunSpecInput } from './run-spec.ts';

/** Defaults of a run spec that hang on another of its keys. The form shows them where nothing was typed. */

export const guardKinds = ['none', 'flipguard', 'ungated', 'random', 'flip-hinge'] as const;
export type GuardKind = (typeof guardKinds)[number];

/** λ where none is given: a flip hinge pulls on many tokens at once, and a strong one freezes the policy. */
export function usualGuardWeight(kind: GuardKind): number {
  return kind === 'flip-hinge' ? 0.05 : 1;
}

/** Of a flip hinge, where nothing else is given. */
export const usualHinge = { tokens: 'old-right', margin: 1, combine: 'add' } as const;

/** What D(x) of a guard can be. */
export const guardDivergences = ['ce', 'kl', 'masked-kl', 'fall'] as const;

/** Whether D compares whole distributions, for which the pre-aligned model has to be at hand. */
export function comparesDistributions(divergence: (typeof guardDivergences)[number]): boolean {
  return divergence === 'kl' || divergence === 'masked-kl';
}

/** Of a learned λ, where nothing else is given. */
export const usualLearnedWeight = { of: 'firing-rate', per: 'run' } as const;

/** How a guard's gradient can meet that of training. */
export const guardCombinations = ['add', 'project', 'agree'] as const;

/**
 * The learning rate where none is given: of whole weights what small models (15M parameters) did well with here, which for the algorithms
 * that sample is lower, and ten times as much for an adapter, as TRL advises. Models of billions of parameters want less.
 */
export function usualLearningRate(algorithm: AlgorithmKind, tuning: 'full' | 'lora'): number {
  const ofWeights: Record<AlgorithmKind, number> = {
    sft: 2e-5,
    reward: 2e-5,
    dpo: 2e-5,
    kto: 2e-5,
    orpo: 2e-5,
    simpo: 2e-5,
    'online-dpo': 1e-5,
    rloo: 6e-6,
    grpo: 6e-6,
    ppo: 6e-6,
  };
  return Number((ofWeights[algorithm] * (tuning === 'lora' ? 10 : 1)).toPrecision(3));
}

type GuardKey = Exclude<keyof GuardSpec, 'kind'>;

const gatedKeys = [
  ...(['target', 'guardSet', 'divergence', 'reduction', 'weight', 'combine'] as const),
  ...(['reward', 'gate', 'epsilon', 'learnedWeight'] as const),
] as const;

/** The keys of a guard that do something under its kind. */
export const guardKeys: Record<GuardKind, readonly GuardKey[]> = {
  none: [],
  flipguard: gatedKeys,
  ungated: gatedKeys,
  random: [...gatedKeys, 'randomRate'],
  'flip-hinge': ['suite', 'tokens', 'margin', 'combine', 'reduction', 'weight', 'learnedWeight'],
};

interface PartialSpec {
  guard?: { kind?: unknown };
  algorithm?: { kind?: unknown };
  tuning?: { kind?: unknown };
}

/** What holds at a path where nothing is given, as far as that hangs on the rest of the spec. */
export function usualValue(path: string, spec: PartialSpec): string | number | undefined {
  const kind = (spec.guard?.kind ?? 'none') as GuardKind;
  switch (path) {
    case 'optimizer.learningRate': {
      const algorithm = algorithmKinds.find((one) => one === spec.algorithm?.kind);
      return algorithm && usualLearningRate(algorithm, spec.tuning?.kind === 'lora' ? 'lora' : 'full');
    }
    case 'guard.weight':
      return usualGuardWeight(kind);
    case 'guard.tokens':
      return usualHinge.tokens;
    case 'guard.margin':
      return usualHinge.margin;
    case 'guard.combine':
      return usualHinge.combine;
    case 'guard.learnedWeight.of':
      return usualLearnedWeight.of;
    case 'guard.learnedWeight.per':
      return usualLearnedWeight.per;
    default:
      return undefined;
  }
}

/** A spec to start another one from: what is as usual is left to what the other one's keys make usual. */
export function withoutUsual(spec: RunSpec): RunSpecInput {
  const { weight, ...guard } = spec.guard;
  const { learningRate, ...optimizer } = spec.optimizer;
  const isUsualRate = learningRate === usualLearningRate(spec.algorithm.kind, spec.tuning.kind);
  return {
    ...spec,
    guard: weight === usualGuardWeight(guard.kind) ? guard : { ...guard, weight },
    optimizer: isUsualRate ? optimizer : { ...optimizer, learningRate },
  };
}
