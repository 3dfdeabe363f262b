import type { RunSpecInput } from '../../shared/domain/run-spec.ts';

/** What the two demos differ in. Nothing here is tuned to flatter a method: all runs of one demo share everything but the method. */
export interface DemoSettings {
  title: string;
  /** Stories that only the checks see, and stories whose openings become prompts of preference pairs. */
  checkStories: number;
  /** Of these, the stories whose content words are checked: each gives some sixty. */
  wordStories: number;
  pairStories: number;
  samplesPerPrompt: number;
  /** Prompts whose greedy continuation is rated for its reward. */
  rewardPrompts: number;
  steps: number;
  evaluateEvery: number;
  learningRate: number;
  interpolations: readonly number[];
}

export const quickDemo: DemoSettings = {
  title: 'Quick demo: a small model taught to be cheerful',
  checkStories: 330,
  wordStories: 160,
  pairStories: 450,
  samplesPerPrompt: 4,
  rewardPrompts: 96,
  steps: 48,
  evaluateEvery: 24,
  learningRate: 2e-4,
  interpolations: [0.25, 0.5, 0.75],
};

export const fullDemo: DemoSettings = {
  title: 'Demo: stories15M taught to be cheerful',
  checkStories: 330,
  wordStories: 160,
  pairStories: 450,
  samplesPerPrompt: 4,
  rewardPrompts: 96,
  steps: 48,
  evaluateEvery: 24,
  learningRate: 2e-5,
  interpolations: [0.25, 0.5, 0.75],
};

/** Tokens of a sampled continuation; training reads prompt and continuation up to `pairTokens`, so no cut response ends with EOS. */
export const sampledTokens = 64;
export const pairTokens = 80;
export const storyTokens = 250;
/** Enough for the forty words that an opening is cut from. */
export const openingTokens = 72;
export const beta = 0.1;
export const guardWeight = 3;
/** The guard's usual weight. */
export const guardSetWeight = 1;

export type Method = Pick<RunSpecInput, 'guard'> & { name: string };

/** Plain DPO, the guard, and the guard's ungated control: the same pull on every pair (DPO + NLL of the chosen response). */
export const methods: readonly Method[] = [
  { name: 'DPO', guard: { kind: 'none' } },
  { name: 'DPO + FlipGuard', guard: { kind: 'flipguard', weight: guardWeight } },
  { name: 'DPO + NLL (ungated)', guard: { kind: 'ungated', weight: guardWeight } },
];
