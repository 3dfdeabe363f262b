import type { PromptSample } from '../data/tokenise.ts';
import { groupMeans } from '../losses/group-advantages.ts';
import { completionLength } from '../losses/layout.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import {
  type MeasuringOptions,
  measureResponses,
  type RewardFunction,
  type Rollout,
  type SampleRollouts,
} from './rollouts.ts';

/** Several responses to each prompt of a step: those of a prompt follow one another. */
export interface Groups {
  size: number;
  rollouts: Rollout[];
  /** Rewards without any KL penalty. */
  scores: number[];
}

export interface GroupSampling {
  samplesPerPrompt: number;
  sample: SampleRollouts;
  reward: RewardFunction;
}

/** Samples and scores the responses of a step. */
export async function sampleGroups(
  prompts: readonly PromptSample[],
  step: number,
  { samplesPerPrompt: size, sample, reward }: GroupSampling,
): Promise<Groups> {
  const repeated = prompts.flatMap((prompt) => new Array<PromptSample>(size).fill(prompt));
  const rollouts = await sample(repeated, step);
  const scores = await reward(
    repeated,
    rollouts.map(({ text }) => text),
  );
  return { size, rollouts, scores };
}

/** Log-probs of these responses' tokens, in order, without gradients. */
export async function logProbsOf(
  model: CausalLm,
  rollouts: readonly Rollout[],
  options: MeasuringOptions,
): Promise<Float32Array[]> {
  const sequences = rollouts.map(({ sequence }) => sequence);
  return (await measureResponses(model, sequences, options)).map(({ logProbs }) => logProbs);
}

export function sumOf(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** What the policy answered to a prompt: reward and tokens, means over its group (less down to luck than one draw). */
export interface PromptAnswer {
  score: number;
  tokens: number;
}

/** A prompt's responses as a guard judges them. */
export function answersOf({ scores, rollouts, size }: Pick<Groups, 'scores' | 'rollouts' | 'size'>): PromptAnswer[] {
  const lengths = rollouts.map(({ sequence }) => Math.max(1, completionLength(sequence)));
  const tokens = groupMeans({ rewards: lengths, size });
  return groupMeans({ rewards: scores, size }).map((score, i) => ({ score, tokens: tokens[i] as number }));
}
