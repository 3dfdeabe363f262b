import { describe, expect, it } from 'vitest';
import { algorithmKinds } from '../../src-main/shared/domain/algorithms.ts';
import { runSpecSchema } from '../../src-main/shared/domain/run-spec.ts';
import { guardKeys } from '../../src-main/shared/domain/spec-defaults.ts';
import { unusualValues } from '../../src-main/shared/presentation/unusual-values.ts';
import { withValue } from '../../src-main/workbench/runs/spec-changes.ts';
import { runSpecJsonSchema } from '../../src-main/workbench/runs/spec-schema.ts';

type Plain = Record<string, unknown>;

/** What the parts of every algorithm need, and what their optional numbers hang on. */
const reward = { kind: 'command', command: ['score'], timeoutSeconds: 60, batch: 32 };
const sampling = { reward, klLimit: { nats: 10 } };
const algorithms: Record<(typeof algorithmKinds)[number], Plain> = {
  sft: {},
  reward: {},
  dpo: { loss: [{ kind: 'sigmoid' }, { kind: 'ipo' }] },
  kto: {},
  orpo: {},
  simpo: {},
  ppo: { reward, kl: { adaptiveTarget: 6 } },
  'online-dpo': sampling,
  rloo: sampling,
  grpo: sampling,
};
const learnedWeight = { rate: 0.1, target: 0.2, of: 'fall' };
const common = {
  name: 'a',
  model: 'm',
  dataset: { train: [{ name: 'd', weight: 1 }], leaveOut: { score: 'near-flips', top: 0.1 } },
  tuning: { kind: 'lora' },
  evaluate: { every: 5 },
  checkpoint: { every: 5, keep: 3 },
  limits: { maxNfr: 0.1 },
  optimizer: { maxGradNorm: 1 },
};
const specs: Plain[] = [
  ...algorithmKinds.map((kind) => ({ ...common, steps: 100, algorithm: { kind, ...algorithms[kind] } })),
  ...[
    { kind: 'random', randomRate: 0.5, learnedWeight },
    { kind: 'flip-hinge', suite: 's', margin: 1, learnedWeight },
  ].map((guard) => ({ ...common, epochs: 1, algorithm: { kind: 'dpo' }, guard })),
];
/** Any number is as good as another, or one that is too large means “never”. */
const harmless = new Set(['seed', 'evaluate.every', 'checkpoint.every', 'checkpoint.keep']);

/** Numbers of a spec with all that holds by default, by path. */
function numbersOf(value: unknown, path: string[] = []): [string, number][] {
  if (typeof value === 'number') return [[path.join('.'), value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => numbersOf(part, [...path, key]));
}

/** Keys of the schema that take a number, without positions in lists. */
function numericKeys(schema: unknown, path: string[] = []): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { type, properties, items, anyOf, oneOf } = schema as Record<string, unknown>;
  if (type === 'number' || type === 'integer') return [path.join('.')];
  const options = [anyOf, oneOf].flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []));
  return [
    ...Object.entries(properties ?? {}).flatMap(([key, part]) => numericKeys(part, [...path, key])),
    ...numericKeys(items, path),
    ...options.flatMap((part) => numericKeys(part, path)),
  ];
}
const withoutPositions = (path: string) => path.replace(/\.\d+(?=\.|$)/g, '');

const complete = (spec: Plain) => runSpecSchema.parse(spec);
const said = (spec: Plain) => unusualValues(complete(spec)).map(({ path, message }) => [path.join('.'), message]);
const dpo = { name: 'a', model: 'm', dataset: { train: 'd' }, algorithm: { kind: 'dpo' }, steps: 100 };

describe('numbers that are far from usual', () => {
  it('are said of every key of a spec that takes one, or refused', () => {
    const tried = new Set<string>();
    const silent = specs.flatMap((spec) => {
      expect(said(spec)).toEqual([]);
      const whole = complete(spec);
      const used = guardKeys[whole.guard.kind].map((key) => `guard.${key}`);
      return numbersOf(whole).flatMap(([path]) => {
        if (path.startsWith('guard.') && !used.some((key) => path.startsWith(key))) return [];
        tried.add(withoutPositions(path));
        if (harmless.has(path)) return [];
        const changed = runSpecSchema.safeParse(withPosition(spec, path, 1e12));
        if (!changed.success) return [];
        return unusualValues(changed.data).some((one) => one.path.join('.') === path) ? [] : [path];
      });
    });
    expect(silent).toEqual([]);
    const untried = numericKeys(runSpecJsonSchema()).filter((key) => !tried.has(key));
    expect([...new Set(untried)]).toEqual([]);
  });

  it.each([
    [
      'optimizer.learningRate',
      99,
      '99 is about 5 million times the usual 2e-5 for DPO. Training will most likely diverge.',
    ],
    [
      'optimizer.learningRate',
      1e-12,
      '1e-12 is about 20 million times smaller than the usual 2e-5 for DPO. Training will hardly change the model.',
    ],
    [
      'algorithm.beta',
      1e6,
      '1.0 × 10⁶ is about 10 million times the usual 0.1 for DPO. Losses saturate, and nothing is learned.',
    ],
    ['batch.size', 1e9, '1.0 × 10⁹ is about 130 million times the usual 8. That hardly fits into any memory.'],
    ['steps', 1e12, '1.0 × 10¹² is about 1 billion times the usual 1,000. The run will take very long.'],
    [
      'optimizer.warmupSteps',
      100,
      'The warm-up of 100 steps covers all 100 steps of the run: the learning rate never reaches its height.',
    ],
  ])('is put in words: %s %d', (path, value, message) => {
    expect(said(withValue(dpo, path, value))).toEqual([[path, message]]);
  });

  it.each([
    ['optimizer.learningRate', 5e-3],
    ['optimizer.learningRate', 1e-8],
    ['algorithm.beta', 5],
    ['algorithm.dpop', 500],
    ['batch.maxLength', 131_072],
    ['steps', 1_000_000],
    ['seed', 4_294_967_295],
    ['optimizer.warmupSteps', 99],
  ])('are nothing that a researcher may well try: %s %d', (path, value) => {
    expect(said(withValue(dpo, path, value))).toEqual([]);
  });

  it('are no matter where a key does nothing', () => {
    const guard = { kind: 'none', weight: 1e12 };
    expect(said({ ...dpo, guard })).toEqual([]);
    expect(said({ ...dpo, guard: { ...guard, kind: 'ungated' } })).toHaveLength(1);
  });
});

/** As `withValue`, through lists too. */
function withPosition(spec: Plain, path: string, value: unknown): Plain {
  const copy = structuredClone(spec);
  const keys = path.split('.');
  const last = keys.pop() ?? '';
  let at: Plain = copy;
  for (const key of keys) at = (at[key] ??= {}) as Plain;
  at[last] = value;
  return copy;
}
