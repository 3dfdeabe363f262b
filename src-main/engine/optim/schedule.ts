import type { OptimizerSpec } from '../../shared/domain/run-spec.ts';
import { assertNever } from '../../shared/domain/errors.ts';

/**
 * Learning rate of a step (0-based), as transformers' `get_scheduler` has it: `constant` with warm-up is its
 * `constant_with_warmup`, `linear` falls to 0 at `totalSteps`, `cosine` is half a wave.
 */
export function learningRateAt(
  step: number,
  totalSteps: number,
  spec: Pick<OptimizerSpec, 'learningRate' | 'schedule' | 'warmupSteps'>,
): number {
  const { learningRate, schedule, warmupSteps } = spec;
  if (step < warmupSteps) return learningRate * (step / Math.max(1, warmupSteps));
  const remaining = Math.max(1, totalSteps - warmupSteps);
  switch (schedule) {
    case 'constant':
      return learningRate;
    case 'linear':
      return learningRate * Math.max(0, (totalSteps - step) / remaining);
    case 'cosine':
      return learningRate * Math.max(0, 0.5 * (1 + Math.cos((Math.PI * (step - warmupSteps)) / remaining)));
    default:
      return assertNever(schedule);
  }
}
