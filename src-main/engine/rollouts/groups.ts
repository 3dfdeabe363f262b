import type { PromptSample } from '../data/tokenise.ts';
import { groupMeans } from '../losses/group-advantages.ts';
import { completionLength, type CompletionSequence } from '../losses/layout.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import type { NativeOps } from '../ports.ts';
import { measureResponses, type RewardFunction, type Rollout, type SampleRollouts } from './rollouts.ts';

/** Several responses to each prompt of a step: those of a prompt follow one another. */
export interface Groups {
  size: number;
  rollouts: Rollout[];
  /** Rewards without any KL penalty. */
  scores: number[];
  /** Log-probs of the responses' tokens under the policy that sampled them, and under the reference, at the temperature asked for. */
  policy: Float32Array[];
  reference: Float32Array[];
  /** lp(π) − lp(ref) per response, in nats: the k1 estimate of its KL. */
  kl: number[];
}

export interface GroupSampling {
  model: CausalLm;
  reference: CausalLm;
  samplesPerPrompt: number;
  /** For the log-probs; `sample` has its own. */
  temperature: number;
  sample: SampleRollouts;
  reward: RewardFunction;
  ops: NativeOps;
}

/** Samples, scores and measures the responses of a step. */
export async function sampleGroups(
  prompts: readonly PromptSample[],
  step: number,
  { model, reference, samplesPerPrompt: size, temperature, sample, reward, ops }: GroupSampling,
): Promise<Groups> {
  const repeated = prompts.flatMap((prompt) => new Array<PromptSample>(size).fill(prompt));
  const rollouts = await sample(repeated, step);
  const scores = await reward(
    repeated,
    rollouts.map(({ text }) => text),
  );
  const sequences: CompletionSequence[] = rollouts.map(({ sequence }) => sequence);
  const policy = (await measureResponses(model, sequences, { temperature, ops })).map(({ logProbs }) => logProbs);
  const before = (await measureResponses(reference, sequences, { temperature, ops })).map(({ logProbs }) => logProbs);
  const kl = policy.map((line, i) => sumOf(line) - sumOf(before[i] as Float32Array));
  return { size, rollouts, scores, policy, reference: before, kl };
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
