import type { RunSpecInput } from '../../shared/domain/run-spec.ts';

/** What the two demos differ in. Runs of one demo share model, prompts, steps and checks. */
export interface DemoSettings {
  title: string;
  /** Stories that only the checks see, and stories whose openings become prompts of preference pairs. */
  checkStories: number;
  /** Of these, the stories whose content words are checked: each gives some sixty. */
  wordStories: number;
  pairStories: number;
  samplesPerPrompt: number;
  /** Prompts whose continuations are rated for their reward: one greedy, and as many sampled. */
  rewardPrompts: number;
  sampledAnswers: number;
  steps: number;
  checkpointEvery: number;
  learningRate: number;
  /** Places on the way from the old weights to each run's, where it is measured too. */
  between: readonly number[];
}

export const quickDemo: DemoSettings = {
  title: 'Quick demo: a small model taught to be cheerful',
  checkStories: 200,
  wordStories: 80,
  pairStories: 420,
  samplesPerPrompt: 4,
  rewardPrompts: 64,
  sampledAnswers: 2,
  steps: 48,
  checkpointEvery: 24,
  learningRate: 2e-4,
  between: [0.5],
};

export const fullDemo: DemoSettings = {
  title: 'Demo: stories15M taught to be cheerful',
  checkStories: 330,
  wordStories: 160,
  pairStories: 450,
  samplesPerPrompt: 4,
  rewardPrompts: 96,
  sampledAnswers: 2,
  steps: 48,
  checkpointEvery: 24,
  learningRate: 2e-5,
  between: [0.5],
};

/** Tokens of a sampled continuation; training reads prompt and continuation up to `pairTokens`, which the shortest prompt (22) fills with it: no cut response ends with EOS. */
export const sampledTokens = 48;
export const pairTokens = 70;
export const storyTokens = 250;
/** Enough for the forty words that an opening is cut from. */
export const openingTokens = 72;
export const beta = 0.1;
export const guardWeight = 3;
/** The guard's usual weight. */
export const guardSetWeight = 1;

export interface Method extends Pick<RunSpecInput, 'guard'> {
  name: string;
  /** It learns from what it says itself, at a rate of its own; DPO on the pairs by default. */
  onPolicy?: true;
}

/** An answer of each step is seen once, so it moves farther at the same rate: half of DPO's, as in docs/findings.md. */
export const onPolicyRate = 0.5;

/** Plain DPO, the guard, its control, the ungated anchor (the same pull on every pair, as in DPO + NLL), and DPO on own answers; each named as its method. */
export const methods: readonly Method[] = [
  { name: 'DPO', guard: { kind: 'none' } },
  { name: 'DPO + FlipGuard', guard: { kind: 'flipguard', weight: guardWeight } },
  { name: 'DPO + ungated anchor', guard: { kind: 'ungated', weight: guardWeight } },
  { name: 'Online DPO', guard: { kind: 'none' }, onPolicy: true },
];
