import type { SuiteKind } from './evaluations.ts';
import { foreignMetrics } from './foreign-metrics.ts';

/**
 * Every number that training reports, by name: TRL's names where TRL has one. The engine can report no other (a name that is not here
 * does not compile), and the store, the charts, the command line and the reference page read this list. It is one list, and longer than
 * 300 lines for that.
 */

/** In what a number is counted. */
export type Unit =
  'nats' | 'nats per response' | 'reward' | 'share' | '0 or 1' | 'tokens' | 'tokens per second' | 'seconds' | '';

/** Which direction is good; null where neither is by itself. */
export type Better = 'lower' | 'higher' | null;

/** Who reports it: the headings of the reference page. */
export const metricSources = [
  'Every algorithm',
  'DPO and reward models',
  'Distance to the old model',
  'SFT',
  'KTO',
  'ORPO and SimPO',
  'Algorithms that sample',
  'PPO',
  'The guard',
  'Other trainers',
] as const;
export type MetricSource = (typeof metricSources)[number];

/** The charts of a run, in their order: metrics of one chart share its axis. */
export const metricCharts = [
  'Loss',
  'Guard',
  'λ by slice',
  'Guard by slice',
  'Rewards',
  'Reward of samples',
  'Preference accuracy',
  'Log-probs',
  'KL',
  'Gradient norm',
  'Learning rate',
] as const;
export type MetricChart = (typeof metricCharts)[number];

/**
 * Samples of a step come in tables, each with ids of its own: the rows trained on, and the responses that the guard held the policy
 * to (the same rows, or those of a guard set). The store keeps tables by their place here: add at the end.
 */
export const sampleTableNames = ['trained', 'guarded'] as const;
export type SampleTableName = (typeof sampleTableNames)[number];

export interface Metric {
  readonly meaning: string;
  readonly unit: Unit;
  readonly better: Better;
  readonly source: MetricSource;
  /** Reported once per step: the mean over its samples unless the meaning says otherwise. */
  readonly perStep: boolean;
  /** The table in which it is also reported per sample. */
  readonly perSample: SampleTableName | null;
  /** Metrics without one get a chart of their own. */
  readonly chart?: MetricChart;
}

const everywhere = { source: 'Every algorithm', perStep: true, perSample: null } as const;
const pairs = { source: 'DPO and reward models', perStep: true, perSample: 'trained' } as const;
const sampled = { source: 'Algorithms that sample', perStep: true, perSample: 'trained' } as const;
const ppoStep = { source: 'PPO', perStep: true, perSample: null } as const;
const guardTokens = { source: 'The guard', perStep: false, perSample: 'guarded', unit: 'tokens' } as const;
const guardStep = { source: 'The guard', perStep: true, perSample: null, chart: 'Guard' } as const;

export const metrics = {
  loss: {
    ...everywhere,
    perSample: 'trained',
    chart: 'Loss',
    unit: '',
    better: 'lower',
    meaning: 'what is minimised, the guard’s term included; per sample without the guard’s term',
  },
  grad_norm: { ...everywhere, chart: 'Gradient norm', unit: '', better: null, meaning: 'global norm before clipping' },
  learning_rate: { ...everywhere, chart: 'Learning rate', unit: '', better: null, meaning: 'of this step' },
  step_seconds: { ...everywhere, unit: 'seconds', better: 'lower', meaning: 'wall clock' },
  processor_seconds: {
    ...everywhere,
    unit: 'seconds',
    better: 'lower',
    meaning: 'processor time of this step, all threads of the trainer together; a GPU’s own time is not in it',
  },
  tokens_per_second: {
    ...everywhere,
    unit: 'tokens per second',
    better: 'higher',
    meaning: 'real tokens (no padding) through the policy',
  },
  'rewards/chosen': {
    ...pairs,
    chart: 'Rewards',
    unit: 'reward',
    better: 'higher',
    meaning:
      'DPO, KTO: implicit reward β·(lp(π) − lp(ref)) of the chosen response; ORPO, SimPO: β·log-prob per token; reward model: its output',
  },
  'rewards/rejected': {
    ...pairs,
    chart: 'Rewards',
    unit: 'reward',
    better: 'lower',
    meaning: 'the same of the rejected response',
  },
  'rewards/margins': { ...pairs, chart: 'Rewards', unit: 'reward', better: 'higher', meaning: 'chosen − rejected' },
  'rewards/accuracies': {
    ...pairs,
    chart: 'Preference accuracy',
    unit: 'share',
    better: 'higher',
    meaning: 'share of pairs with a margin above 0',
  },
  'logps/chosen': {
    ...pairs,
    chart: 'Log-probs',
    unit: 'nats',
    better: 'higher',
    meaning: 'log-prob of the chosen response, summed over its tokens',
  },
  'logps/rejected': {
    ...pairs,
    chart: 'Log-probs',
    unit: 'nats',
    better: null,
    meaning: 'the same of the rejected response',
  },
  'kl/pre': {
    source: 'Distance to the old model',
    perStep: true,
    perSample: 'trained',
    chart: 'KL',
    unit: 'nats per response',
    better: 'lower',
    meaning:
      'DPO: mean of lp(pre) − lp(π) over both responses, an estimate of KL(pre ‖ π) that is unbiased only where π_pre wrote them; PPO: `objective/kl`, an estimate of KL(π ‖ pre)',
  },
  rewards: {
    source: 'KTO',
    perStep: true,
    perSample: 'trained',
    chart: 'Rewards',
    unit: 'reward',
    better: null,
    meaning: 'implicit reward β·(lp(π) − lp(ref)) of the completion, whatever its label',
  },
  kl: {
    source: 'KTO',
    perStep: true,
    perSample: null,
    chart: 'KL',
    unit: 'nats per response',
    better: 'lower',
    meaning: 'z₀: mean log-ratio of mismatched completions, at least 0',
  },
  nll_loss: {
    source: 'ORPO and SimPO',
    perStep: true,
    perSample: 'trained',
    chart: 'Loss',
    unit: '',
    better: 'lower',
    meaning:
      'NLL of the chosen text (ORPO, prompt included) or response, scaled so that its mean is that per token of the step',
  },
  log_odds_chosen: {
    source: 'ORPO and SimPO',
    perStep: true,
    perSample: 'trained',
    unit: '',
    better: 'higher',
    meaning: 'ORPO: log of the ratio of the odds of the chosen and the rejected response, per mean token',
  },
  logps: {
    source: 'SFT',
    perStep: true,
    perSample: 'trained',
    chart: 'Log-probs',
    unit: 'nats',
    better: 'higher',
    meaning: 'log-prob of the completion, summed over its tokens; SFT and KTO',
  },
  completion_tokens: {
    source: 'SFT',
    perStep: true,
    perSample: null,
    unit: 'tokens',
    better: null,
    meaning: 'tokens the loss was taken on, summed over the samples',
  },
  'objective/scores': {
    ...sampled,
    chart: 'Reward of samples',
    unit: 'reward',
    better: 'higher',
    meaning: 'reward of the sampled response, without the KL penalty',
  },
  'objective/kl': {
    ...sampled,
    chart: 'KL',
    unit: 'nats per response',
    better: 'lower',
    meaning: 'KL estimate to the reference',
  },
  'objective/non_score_reward': {
    ...sampled,
    chart: 'Reward of samples',
    unit: 'reward',
    better: 'higher',
    meaning: 'the KL penalty: −weight · KL',
  },
  'objective/rlhf_reward': {
    ...sampled,
    chart: 'Reward of samples',
    unit: 'reward',
    better: 'higher',
    meaning: 'score + penalty',
  },
  response_tokens: { ...sampled, unit: 'tokens', better: null, meaning: 'tokens of a sampled response' },
  reward_std: {
    ...sampled,
    unit: 'reward',
    better: null,
    meaning: 'standard deviation of the rewards of a prompt’s responses; where it is 0, they teach nothing',
  },
  'pairs/tied': {
    source: 'Algorithms that sample',
    perStep: true,
    perSample: null,
    unit: 'share',
    better: 'lower',
    meaning: 'online DPO: share of prompts whose responses all have the same reward, and which count for nothing',
  },
  'loss/policy': { ...ppoStep, chart: 'Loss', unit: '', better: 'lower', meaning: 'clipped policy loss' },
  'loss/value': { ...ppoStep, chart: 'Loss', unit: '', better: 'lower', meaning: 'clipped value loss' },
  'policy/clipfrac': {
    ...ppoStep,
    unit: 'share',
    better: null,
    meaning: 'share of tokens whose gradient the clipping took, as TRL counts them',
  },
  'policy/approxkl': {
    ...ppoStep,
    chart: 'KL',
    unit: 'nats',
    better: null,
    meaning: '½·(lp − lp_old)², between the policy and the one that sampled',
  },
  kl_weight: {
    ...ppoStep,
    unit: '',
    better: null,
    meaning: 'weight of the KL penalty; moves where it is adaptive',
  },
  'guard/loss': {
    ...guardStep,
    perSample: 'guarded',
    unit: '',
    better: 'lower',
    meaning: 'mean of I(x)·D(x), or of a flip hinge, before λ',
  },
  'guard/firing_rate': {
    ...guardStep,
    unit: 'share',
    better: 'lower',
    meaning:
      'share of samples on which the gate fired; flip hinge: share of the held tokens whose lead is below the margin',
  },
  'guard/firing_rate/short': {
    ...guardStep,
    unit: 'share',
    better: 'lower',
    meaning: 'the same on the third of responses with the fewest tokens',
  },
  'guard/firing_rate/medium': {
    ...guardStep,
    unit: 'share',
    better: 'lower',
    meaning: 'the same on the third in the middle',
  },
  'guard/firing_rate/long': {
    ...guardStep,
    unit: 'share',
    better: 'lower',
    meaning: 'the same on the third with the most tokens',
  },
  'guard/excess': {
    ...guardStep,
    unit: '',
    better: 'lower',
    meaning:
      'guard.learnedWeight of fall: mean over the guarded responses of max(0, fall − ε), which λ is learned from',
  },
  'guard/flipped': {
    ...guardStep,
    unit: 'share',
    better: 'lower',
    meaning: 'flip hinge: share of the held tokens of this step’s guard texts that the policy no longer chooses',
  },
  'guard/cosine': {
    ...guardStep,
    unit: '',
    better: null,
    meaning: 'guard.combine project or agree: cosine of the gradients of training and guard; below 0 they conflict',
  },
  'guard/removed': {
    ...guardStep,
    unit: 'share',
    better: null,
    meaning: 'guard.combine project or agree: share of the squared norm of training’s gradient that was left out',
  },
  'guard/weight': { ...guardStep, unit: '', better: null, meaning: 'λ' },
  'guard/fired': {
    source: 'The guard',
    perStep: false,
    perSample: 'guarded',
    unit: '0 or 1',
    better: 'lower',
    meaning: '1 where the gate fired; flip hinge: where a held token’s lead is below the margin',
  },
  'guard/tokens': {
    source: 'The guard',
    perStep: false,
    perSample: 'guarded',
    unit: 'tokens',
    better: null,
    meaning: 'tokens of the guarded response or text',
  },
  'guard/held_tokens': { ...guardTokens, better: null, meaning: 'flip hinge: how many of them it holds' },
  'guard/near_tokens': {
    ...guardTokens,
    better: 'lower',
    meaning: 'flip hinge: held tokens whose lead is below the margin, on which it pulls',
  },
  'guard/flipped_tokens': {
    ...guardTokens,
    better: 'lower',
    meaning: 'flip hinge: held tokens that the policy no longer chooses',
  },
} as const satisfies Record<string, Metric>;

export type SuiteMetric = Pick<Metric, 'meaning' | 'unit' | 'better'>;

/** Numbers of one sample of a suite, besides its verdict and score. */
const ofAnswers = {
  latency: { unit: 'seconds', better: 'lower', meaning: 'from the question to the answer, where a server answered' },
  prompt_tokens: { unit: 'tokens', better: null, meaning: 'tokens of the prompt, as a server counted them' },
  cut: { unit: '0 or 1', better: 'lower', meaning: '1 where a limit of tokens ended the answer, as a server said' },
  tokens: { unit: 'tokens', better: null, meaning: 'tokens that came out; the score is the scorer’s' },
  'logps/output': { unit: 'nats', better: null, meaning: 'log-prob of the output as it was sampled' },
  'kl/pre': {
    unit: 'nats',
    better: null,
    meaning:
      'KL(old ‖ new) over the full vocabulary, summed along an answer of the old model to the prompt, where an old model was given',
  },
} as const;

export const suiteMetrics = {
  pairs: {
    'logps/chosen': {
      unit: 'nats',
      better: 'higher',
      meaning: 'log-prob of the chosen response; the score is the margin',
    },
    'logps/rejected': { unit: 'nats', better: null, meaning: 'log-prob of the rejected response' },
    'rewards/chosen': { unit: 'reward', better: 'higher', meaning: 'implicit reward, where there is a reference' },
    'rewards/rejected': { unit: 'reward', better: 'lower', meaning: 'implicit reward, where there is a reference' },
  },
  cloze: {
    latency: { unit: 'seconds', better: 'lower', meaning: 'from the question to the answer, where a server answered' },
    tokens: { unit: 'tokens', better: null, meaning: 'tokens of the target; the score is its log-prob' },
  },
  words: {
    position: { unit: 'tokens', better: null, meaning: 'token position of the word’s beginning' },
    tokens: { unit: 'tokens', better: null, meaning: 'tokens of the word; the score is its log-prob' },
  },
  choice: {
    acc: {
      unit: '0 or 1',
      better: 'higher',
      meaning: '1 where the right option is the likeliest; the score is its lead over the best other one',
    },
    acc_norm: { unit: '0 or 1', better: 'higher', meaning: 'the same with log-probs divided by characters' },
    options: { unit: '', better: null, meaning: 'how many options there were: what a guess is worth' },
    confidence: {
      unit: 'share',
      better: null,
      meaning: 'of the likeliest option among the options: the softmax of their log-probs',
    },
    'logps/gold': { unit: 'nats', better: 'higher', meaning: 'log-prob of the right option' },
  },
  generate: ofAnswers,
  outputs: {
    ...ofAnswers,
    'rewards/again': {
      unit: '',
      better: null,
      meaning:
        'mean score of as many answers sampled once more: how far a score moves by sampling alone, and so the floor of a fall',
    },
  },
} as const satisfies Record<SuiteKind, Record<string, SuiteMetric>>;
/** What the engine may report of a sample of such a suite; imports bring names of their own. */
export type SuiteNumbers<Kind extends SuiteKind> = { [Name in keyof (typeof suiteMetrics)[Kind]]?: number };

type Metrics = typeof metrics;
export type MetricName = keyof Metrics;
export type StepMetricName = { [N in MetricName]: Metrics[N]['perStep'] extends true ? N : never }[MetricName];
export type SampleMetricName<Table extends SampleTableName = SampleTableName> = {
  [N in MetricName]: Metrics[N]['perSample'] extends Table ? N : never;
}[MetricName];

/** Numbers of one optimiser step. */
export type StepMetrics = { [N in StepMetricName]?: number };

/** What happened to samples in one step; every column runs parallel to `sampleIds`. */
export interface SampleTable<Name extends SampleTableName = SampleTableName> {
  sampleIds: string[];
  metrics: { [N in SampleMetricName<Name>]?: number[] };
  /** Columns of another trainer, under its own names. */
  others?: Record<string, number[]>;
  /** The samples’ prompts, where no dataset of the workspace has them. */
  prompts?: string[];
}
export type SampleTables = { [Name in SampleTableName]?: SampleTable<Name> };

export const metricNames = Object.keys(metrics) as MetricName[];
export const stepMetricNames = metricNames.filter((name): name is StepMetricName => metrics[name].perStep);

const ofSteps: ReadonlySet<string> = new Set(stepMetricNames);

/** Whether the registry has a curve of this name. */
export function isStepMetric(name: string): name is StepMetricName {
  return ofSteps.has(name);
}

export function sampleMetricNames<Table extends SampleTableName>(table: Table): SampleMetricName<Table>[] {
  return metricNames.filter((name) => metrics[name].perSample === table) as SampleMetricName<Table>[];
}

const onEvaluation = 'eval_';

/** `eval_rewards/chosen` is `rewards/chosen` on the trainer’s own evaluation data, in a chart of its own. */
function foreignMetricOf(name: string): Metric | null {
  if (Object.hasOwn(foreignMetrics, name)) return foreignMetrics[name] ?? null;
  const known = name.startsWith(onEvaluation) ? metricOf(name.slice(onEvaluation.length)) : null;
  if (known === null) return null;
  const { unit, better, meaning } = known;
  return {
    source: 'Other trainers',
    perStep: true,
    perSample: null,
    unit,
    better,
    meaning: `on the trainer’s evaluation data: ${meaning}`,
  };
}

/** Before the name of a slice, where λ is learned per slice. */
const ofSlices = {
  'guard/weight/': 'λ of the slice',
  'guard/fired/': 'share that fired in the slice',
  'guard/excess/': 'mean of max(0, fall − ε) in the slice',
} as const;

function sliceMetricOf(name: string): Metric | null {
  const start = (Object.keys(ofSlices) as (keyof typeof ofSlices)[]).find((one) => name.startsWith(one));
  if (start === undefined) return null;
  const better = start === 'guard/weight/' ? null : 'lower';
  return {
    ...guardStep,
    chart: start === 'guard/weight/' ? 'λ by slice' : 'Guard by slice',
    unit: '',
    better,
    meaning: `${ofSlices[start]} “${name.slice(start.length)}”`,
  };
}

/** What is known of a name that was stored, perhaps by a tool that has names of its own. */
export function metricOf(name: string): Metric | null {
  const sliced = sliceMetricOf(name);
  if (sliced !== null) return sliced;
  return Object.hasOwn(metrics, name) ? metrics[name as MetricName] : foreignMetricOf(name);
}

export interface MetricGroup {
  title: string;
  names: string[];
}

/** Which of these share a chart, in the order of the charts; a name without a chart gets one of its own. */
export function groupMetrics(names: readonly string[]): MetricGroup[] {
  const byChart = Map.groupBy(names, (name) => metricOf(name)?.chart ?? null);
  const rank = (name: string): number => metricNames.indexOf(name as MetricName);
  const groups = metricCharts.flatMap((title) => {
    const members = byChart.get(title)?.toSorted((a, b) => rank(a) - rank(b)) ?? [];
    return members.length === 0 ? [] : [{ title, names: members }];
  });
  const alone = byChart.get(null)?.toSorted() ?? [];
  return [...groups, ...alone.map((name) => ({ title: name, names: [name] }))];
}
