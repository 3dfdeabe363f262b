import type { GrpoSpec, RlooSpec } from '../../shared/domain/algorithms.ts';
import { groupAdvantages, leaveOneOutAdvantages, normalised } from '../losses/group-advantages.ts';
import { completionLength, type CompletionSequence } from '../losses/layout.ts';
import type { Passes } from '../passes.ts';
import { type Groups, logProbsOf, sumOf } from '../rollouts/groups.ts';
import type { StepBatch } from './objective.ts';
import type { OnPolicyOptions } from './on-policy.ts';

/** One response with all that the optimisation epochs need of it. */
export interface Experience {
  sequence: CompletionSequence;
  /** Per token, at sampling; null until the first pass that learns from it, which sees the same policy. */
  logProbs: Float32Array | null;
  reference: Float32Array;
  /** While the log-probs are not known, that of the reward without its KL. */
  advantage: number;
  /** Share of each of its tokens (GRPO) or of the whole response (RLOO) in the step's loss. */
  share: number;
}

/**
 * The responses of a step. The policy is measured in a pass of its own only if its log-probs count before the first pass that learns from
 * them: that one drops inputs out, or the KL in the rewards of other micro-batches moves an advantage.
 */
export async function groupExperience(
  groups: Groups,
  batch: StepBatch,
  { spec, model, reference, ops, dropoutSeed }: OnPolicyOptions<RlooSpec | GrpoSpec>,
  passes: Passes,
): Promise<Experience[]> {
  const { rollouts } = groups;
  const how = { temperature: spec.temperature, ops };
  const isSplit = batch.indices.length > batch.microBatchSize;
  const isWanted = dropoutSeed !== undefined || (isSplit && hasKlInRewards(spec) && isNormalised(spec));
  const policy = isWanted ? await logProbsOf(model, rollouts, { ...how, compiled: { passes, as: 'policy' } }) : null;
  const before = await logProbsOf(reference, rollouts, { ...how, compiled: { passes, as: 'reference' } });
  const lengths = rollouts.map(({ sequence }) => Math.max(1, completionLength(sequence)));
  const stepTokens = lengths.reduce((sum, length) => sum + length, 0);
  const shareOf = (length: number): number => {
    const each = 1 / rollouts.length;
    if (spec.kind === 'rloo') return each;
    if (spec.loss === 'dapo') return 1 / stepTokens;
    return each / (spec.loss === 'grpo' ? length : spec.maxNewTokens);
  };
  const experience = rollouts.map(({ sequence }, i) => ({
    sequence,
    logProbs: policy?.[i] ?? null,
    reference: before[i] as Float32Array,
    advantage: 0,
    share: shareOf(lengths[i] as number),
  }));
  setAdvantages(experience, groups, spec);
  return experience;
}

/** Advantages, with the KL in the rewards once the log-probs are known. */
export function setAdvantages(
  experience: readonly Experience[],
  { scores, size }: Groups,
  spec: RlooSpec | GrpoSpec,
): void {
  const isKnown = experience.every(({ logProbs }) => logProbs !== null);
  const weight = isKnown && spec.kind === 'rloo' ? spec.klWeight : 0;
  const rewards = scores.map((score, i) => score - (weight === 0 ? 0 : weight * driftOf(experience[i] as Experience)));
  const plain =
    spec.kind === 'grpo' ? groupAdvantages({ rewards, size }, spec.scale) : leaveOneOutAdvantages({ rewards, size });
  const isFinal = isKnown || !hasKlInRewards(spec);
  const advantages = isFinal && isNormalised(spec) ? normalised(plain) : plain;
  experience.forEach((one, i) => (one.advantage = advantages[i] as number));
}

export function hasKlInRewards(spec: RlooSpec | GrpoSpec): boolean {
  return spec.kind === 'rloo' && spec.klWeight > 0;
}

export function isNormalised(spec: RlooSpec | GrpoSpec): boolean {
  return spec.kind === 'rloo' && spec.normalizeAdvantages;
}

/** lp(π) − lp(ref) of a response when it was sampled, in nats. */
export function driftOf({ logProbs, reference }: Experience): number {
  if (logProbs === null) throw new Error('the policy has not been measured yet');
  return sumOf(logProbs) - sumOf(reference);
}
