import type { SampledOutput } from './trainer-events.ts';

/** A prompt that a policy answered while it was trained on its own answers. */
export interface AnsweredPrompt {
  sampleId: string;
  prompt: string;
  /** Steps that used it. */
  times: number;
  /** Mean reward of its answers in the first and in the last of these steps; null where there was none. */
  firstReward: number | null;
  lastReward: number | null;
}

export interface PromptTimeline {
  sampleId: string;
  prompt: string;
  /** In order. */
  steps: { step: number; outputs: SampledOutput[] }[];
}

/** One answer’s reward: its score, or the sum of what another trainer calls its rewards. */
export function rewardOf({ score, rewards }: Pick<SampledOutput, 'score' | 'rewards'>): number | null {
  if (score !== undefined) return score;
  const values = Object.values(rewards ?? {}).filter((value) => Number.isFinite(value));
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

export function meanReward(outputs: readonly SampledOutput[]): number | null {
  const values = outputs.map(rewardOf).filter((value) => value !== null);
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
