import type { RunSpec } from '../domain/run-spec.ts';
import { guardKeys, usualGuardWeight, usualLearningRate } from '../domain/spec-defaults.ts';
import { algorithmName } from './methods.ts';
import { formatCount, formatNumber } from './numbers.ts';

/**
 * A number of a run spec that is allowed and yet so far from what anybody uses that it is more likely a slip. It is said before the start and
 * refused nowhere: a person may mean it.
 */
export interface UnusualValue {
  path: (string | number)[];
  message: string;
}

interface Rule {
  usual: number | ((spec: RunSpec) => number);
  /** So many times the usual is the most that raises no question, and 1 / `down` of it the least. */
  up: number;
  high: string;
  down?: number;
  low?: string;
  /** What is usual depends on the algorithm, which is then named. */
  byAlgorithm?: true;
}

const outweighs = 'It outweighs everything else in the loss.';
const allTime = 'The run will take very long.';
const notInMemory = 'That hardly fits into any memory.';
const neverClips = 'Nothing is clipped at that.';
const ruinous = 'Training will most likely diverge.';

const ofAlgorithm: Record<string, Rule> = {
  beta: {
    usual: ({ algorithm }) => (algorithm.kind === 'simpo' ? 2 : 0.1),
    byAlgorithm: true,
    up: 100,
    high: 'Losses saturate, and nothing is learned.',
    down: 1000,
    low: 'Hardly anything holds the policy to its reference.',
  },
  'loss.weight': { usual: 1, up: 1000, high: outweighs },
  dpop: { usual: 50, up: 200, high: outweighs },
  nllWeight: { usual: 1, up: 1000, high: outweighs },
  desirableWeight: { usual: 1, up: 1000, high: outweighs },
  undesirableWeight: { usual: 1, up: 1000, high: outweighs },
  gamma: { usual: 0.5, up: 200, high: 'No pair reaches such a margin.' },
  centerWeight: { usual: 0.01, up: 10_000, high: outweighs },
  epochs: { usual: 4, up: 25, high: allTime },
  clipRange: { usual: 0.2, up: 50, high: neverClips },
  valueClipRange: { usual: 0.2, up: 50, high: neverClips },
  valueWeight: { usual: 0.1, up: 1000, high: outweighs },
  klWeight: { usual: 0.05, up: 200, high: outweighs },
  'kl.weight': { usual: 0.05, up: 200, high: outweighs },
  'kl.adaptiveTarget': { usual: 6, up: 1000, high: 'No policy moves that far.' },
  'kl.horizon': { usual: 10_000, up: 10_000, high: 'The controller will hardly correct anything.' },
  'klLimit.nats': { usual: 10, up: 1000, high: 'No policy moves that far.' },
  maxNewTokens: { usual: 53, up: 2000, high: allTime },
  temperature: {
    usual: 1,
    up: 10,
    high: 'Samples are noise.',
    down: 100,
    low: 'Samples are all but greedy, and hardly differ.',
  },
  samplesPerPrompt: { usual: 8, up: 128, high: allTime },
  'reward.timeoutSeconds': { usual: 60, up: 1440, high: 'A program that hangs will hardly be noticed.' },
  'reward.batch': { usual: 32, up: 10_000, high: 'All lines are handed over at once.' },
};

const rules: Record<string, Rule> = {
  ...Object.fromEntries(Object.entries(ofAlgorithm).map(([key, rule]) => [`algorithm.${key}`, rule])),
  'guard.epsilon': { usual: 1, up: 1000, high: 'No fall is ever so large: the guard never fires.' },
  'guard.weight': { usual: ({ guard }) => usualGuardWeight(guard.kind), up: 1000, high: outweighs },
  'guard.learnedWeight.rate': { usual: 0.1, up: 10_000, high: 'λ will jump rather than settle.' },
  'guard.learnedWeight.target': { usual: 0.2, up: 5000, high: 'No fall is ever so large: λ falls to 0.' },
  'guard.margin': { usual: 1, up: 100, high: 'No token leads by so much: every held token is pulled all the time.' },
  'tuning.rank': { usual: 8, up: 512, high: 'That is wider than most layers.' },
  'tuning.alpha': { usual: 16, up: 1000, high: ruinous },
  'optimizer.learningRate': {
    usual: ({ algorithm, tuning }) => usualLearningRate(algorithm.kind, tuning.kind),
    byAlgorithm: true,
    up: 500,
    high: ruinous,
    down: 10_000,
    low: 'Training will hardly change the model.',
  },
  'optimizer.weightDecay': { usual: 0.01, up: 1000, high: 'It undoes what is learned.' },
  'optimizer.epsilon': { usual: 1e-8, up: 1e7, high: 'Steps become so small that little is learned.' },
  'optimizer.warmupSteps': { usual: 100, up: 10_000, high: 'The learning rate will hardly leave 0.' },
  'optimizer.maxGradNorm': {
    usual: 1,
    up: 1e6,
    high: neverClips,
    down: 1e6,
    low: 'Every gradient is scaled down to almost nothing; AdamW then divides by its epsilon.',
  },
  'batch.size': { usual: 8, up: 1000, high: notInMemory },
  'batch.accumulation': { usual: 1, up: 10_000, high: 'A step will take very long.' },
  'batch.maxLength': { usual: 512, up: 2500, high: 'No model here reads that many tokens.' },
  steps: { usual: 1000, up: 10_000, high: allTime },
  epochs: { usual: 1, up: 1000, high: allTime },
};

/** Every number of a complete spec that is far from usual, in the order of the rules. */
export function unusualValues(spec: RunSpec): UnusualValue[] {
  const idle = idleKeys(spec);
  const found = Object.entries(rules).flatMap(([key, rule]) => {
    if (idle(key)) return [];
    return numbersAt(spec, key.split('.'), []).flatMap(({ path, value }) => {
      const message = judged(rule, spec, value);
      return message === null ? [] : [{ path, message }];
    });
  });
  const warmup = longWarmup(spec);
  return warmup === null || found.some(({ path }) => path[1] === 'warmupSteps') ? found : [...found, warmup];
}

/** Keys of a guard that do nothing under its kind raise no question. */
function idleKeys({ guard }: RunSpec): (key: string) => boolean {
  const used: readonly string[] = guardKeys[guard.kind];
  return (key) => key.startsWith('guard.') && !used.includes(key.split('.')[1] ?? '');
}

function judged(rule: Rule, spec: RunSpec, value: number): string | null {
  const usual = typeof rule.usual === 'number' ? rule.usual : rule.usual(spec);
  const { up, high, down, low } = rule;
  const common = `the usual ${shown(usual)}${rule.byAlgorithm === true ? ` for ${algorithmName(spec)}` : ''}`;
  if (value > usual * up) return `${shown(value)} is about ${times(value / usual)} times ${common}. ${high}`;
  if (down === undefined || low === undefined || value >= usual / down) return null;
  return `${shown(value)} is about ${times(usual / value)} times smaller than ${common}. ${low}`;
}

/** A warm-up that does not end: no number is odd by itself. */
function longWarmup({ optimizer: { warmupSteps }, steps }: RunSpec): UnusualValue | null {
  if (steps === undefined || warmupSteps < steps) return null;
  const of = steps === 1 ? 'the one step' : `all ${formatCount(steps)} steps`;
  return {
    path: ['optimizer', 'warmupSteps'],
    message: `The warm-up of ${formatCount(warmupSteps)} steps covers ${of} of the run: the learning rate never reaches its height.`,
  };
}

/** The numbers at a path; through a list, of each of its entries. */
function numbersAt(
  from: unknown,
  keys: readonly string[],
  path: (string | number)[],
): { path: (string | number)[]; value: number }[] {
  if (Array.isArray(from)) return from.flatMap((one, index) => numbersAt(one, keys, [...path, index]));
  const [key, ...rest] = keys;
  if (key === undefined) return typeof from === 'number' ? [{ path, value: from }] : [];
  if (typeof from !== 'object' || from === null || !(key in from)) return [];
  return numbersAt((from as Record<string, unknown>)[key], rest, [...path, key]);
}

/** As people write it in a spec: 2e-5, 0.1, 1,000. */
function shown(value: number): string {
  const size = Math.abs(value);
  return size !== 0 && size < 1e-3 ? value.toExponential().replace(/(\.\d{3})\d+/, '$1') : formatNumber(value);
}

/** 4,950,000 → 5 million. */
function times(ratio: number): string {
  const rounded = Number(ratio.toPrecision(2));
  for (const [size, name] of [
    [1e9, 'billion'],
    [1e6, 'million'],
  ] as const) {
    if (rounded >= size && rounded < size * 1000) return `${Number((rounded / size).toPrecision(2))} ${name}`;
  }
  return formatNumber(rounded, 2);
}
