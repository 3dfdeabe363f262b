import * as tf from '@tensorflow/tfjs-core';
import type { RlooSpec } from '../../shared/domain/algorithms.ts';
import type { StepAnswers } from '../../shared/domain/trainer-events.ts';
import { textOf, type PromptSample } from '../data/tokenise.ts';
import { deviation, groupMeans } from '../losses/group-advantages.ts';
import { completionLength } from '../losses/layout.ts';
import type { StepGradients } from '../passes.ts';
import type { Groups } from '../rollouts/groups.ts';
import type { Rollout } from '../rollouts/rollouts.ts';
import { SampleLog } from './objective.ts';

/**
 * Figures of a step, prompt by prompt: means over its responses, and the spread of their rewards. `kl` is lp(π) − lp(ref) of each response
 * when it was sampled, in nats: the k1 estimate of its KL.
 */
export function groupTable(
  ids: readonly string[],
  { scores, rollouts, size }: Groups,
  kl: readonly number[],
  klWeight: number,
): SampleLog<'trained'> {
  const mean = (values: readonly number[]) => groupMeans({ rewards: values, size });
  const [score, drift] = [mean(scores), mean(kl)];
  const penalty = drift.map((nats) => -klWeight * nats);
  const log = new SampleLog<'trained'>();
  log.add(ids, {
    'objective/scores': score,
    'objective/kl': drift,
    'kl/pre': drift,
    'objective/non_score_reward': penalty,
    'objective/rlhf_reward': score.map((value, i) => value + (penalty[i] as number)),
    reward_std: score.map((_, g) => deviation(scores.slice(g * size, (g + 1) * size))),
    response_tokens: mean(rollouts.map(({ sequence }) => completionLength(sequence))),
  });
  return log;
}

/** The responses themselves with their rewards, prompt by prompt; those of a prompt follow one another. */
export function answersTold(
  samples: readonly PromptSample[],
  { rollouts, scores, size }: { rollouts: readonly Rollout[]; scores: readonly number[]; size: number },
): StepAnswers[] {
  return samples.map(({ id, prompt }, g) => ({
    sampleId: id,
    prompt: textOf(prompt),
    outputs: rollouts.slice(g * size, (g + 1) * size).map(({ text, sequence }, i) => ({
      text,
      tokens: completionLength(sequence),
      score: scores[g * size + i] as number,
    })),
  }));
}

/** Applies an update under a KL limit: in full below it; beyond it not at all, or scaled by limit / KL. */
export async function limited(
  sum: StepGradients,
  limit: RlooSpec['klLimit'],
  kl: number,
  apply: (sum: StepGradients) => Promise<void>,
): Promise<void> {
  if (limit === null || kl <= limit.nats) return apply(sum);
  if (limit.action === 'stop') {
    tf.dispose([...sum.gradients.values()]);
    return;
  }
  const factor = limit.nats / kl;
  const scaled = new Map(Array.from(sum.gradients, ([name, gradient]) => [name, tf.mul(gradient, factor)]));
  tf.dispose([...sum.gradients.values()]);
  return apply({ gradients: scaled, norm: sum.norm * factor });
}
