import type { GuardWeights } from '../guard/weights.ts';
import type { RandomStream } from '../ports.ts';
import { randomFromState } from '../random.ts';
import type { ObjectiveState } from './objective.ts';
import type { GuardTargets } from './pair-guard.ts';

/** What a guard needs, next to its λ, to go on as if it had not been interrupted: its random gate, its place in a guard set. */
export interface GuardProgress {
  /** Only for a gate that draws. */
  random?: RandomStream;
  /** From the last step, if the next one's pass depends on it. */
  firingRate?: number;
}

/** Targets that have an order of their own keep their place in it. */
type Places = Pick<GuardTargets, 'position' | 'seek'>;

export function guardState(
  weights: GuardWeights,
  { random, firingRate }: GuardProgress,
  targets: Places,
): ObjectiveState {
  const position = targets.position?.();
  return {
    ...weights.state(),
    ...(random === undefined ? {} : { guardRandom: random.state() }),
    ...(firingRate === undefined ? {} : { guardFiringRate: firingRate }),
    ...(position === undefined ? {} : { guardSet: [position.epoch, position.used, ...position.random] }),
  };
}

/** Restores λ and the targets and returns the gate; whatever the state does not contain stays as it is. */
export function restoreGuard<Progress extends GuardProgress>(
  state: ObjectiveState,
  weights: GuardWeights,
  targets: Places,
  now: Progress,
): Progress {
  const { guardRandom, guardFiringRate, guardSet } = state;
  weights.restore(state);
  if (Array.isArray(guardSet)) {
    const [epoch = 0, used = 0, ...random] = guardSet;
    targets.seek?.({ epoch, used, random });
  }
  return {
    ...now,
    ...(typeof guardFiringRate === 'number' ? { firingRate: guardFiringRate } : {}),
    ...(Array.isArray(guardRandom) ? { random: randomFromState(guardRandom) } : {}),
  };
}
