import type { RunSpec } from '../../shared/domain/run-spec.ts';

/** A run's method as tables and legends name it: the algorithm with what is added to it. */
export function methodOf(spec: RunSpec): string {
  return [algorithmName(spec), ...additions(spec)].join(' + ');
}

function algorithmName({ algorithm }: RunSpec): string {
  switch (algorithm.kind) {
    case 'dpo':
      return algorithm.loss === 'sigmoid'
        ? algorithm.labelSmoothing > 0
          ? 'cDPO'
          : 'DPO'
        : algorithm.loss === 'ipo'
          ? 'IPO'
          : 'DPO (hinge)';
    case 'sft':
      return 'SFT';
    case 'reward':
      return 'reward model';
    case 'ppo':
      return 'PPO';
  }
}

function additions({ algorithm, guard }: RunSpec): string[] {
  const added: string[] = [];
  if (algorithm.kind === 'dpo' && algorithm.dpop > 0) added.push('DPOP');
  if (algorithm.kind === 'dpo' && algorithm.nllWeight > 0) added.push('NLL');
  if (guard.kind === 'flipguard') added.push(guard.target === 'guard-set' ? 'guard set' : 'FlipGuard');
  if (guard.kind === 'ungated') added.push('ungated anchor');
  if (guard.kind === 'random') added.push('random gate');
  return added;
}
