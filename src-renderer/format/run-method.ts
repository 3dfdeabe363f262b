import type { RunSpec } from '@shared/domain/run-spec.ts';

/** What was done to the model, in a few words: “DPO + FlipGuard ×1 (chosen)”. */
export function methodOf(spec: Pick<RunSpec, 'algorithm' | 'guard' | 'tuning'>): string {
  const { algorithm, guard, tuning } = spec;
  const parts = [algorithm.kind.toUpperCase()];
  if (algorithm.kind === 'reward') parts[0] = 'reward model';
  if (algorithm.kind === 'dpo' && algorithm.nllWeight > 0) parts.push(`NLL ×${algorithm.nllWeight}`);
  if (algorithm.kind === 'dpo' && algorithm.dpop > 0) parts.push(`DPOP ×${algorithm.dpop}`);
  if (guard.kind === 'flipguard')
    parts.push(`FlipGuard ×${guard.weight}${guard.target === 'chosen' ? '' : ` (${guard.target})`}`);
  if (guard.kind === 'ungated') parts.push(`ungated ×${guard.weight}`);
  if (guard.kind === 'random') parts.push(`random gate ×${guard.weight}`);
  const text = parts.join(' + ');
  return tuning.kind === 'lora' ? `${text}, LoRA ${tuning.rank}` : text;
}
