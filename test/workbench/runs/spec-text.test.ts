import { describe, expect, test } from 'vitest';
import {
  combinations,
  parseAssignment,
  specDifference,
  withValue,
} from '../../../src-main/workbench/runs/spec-changes.ts';
import { parseSpec, specError, specToYaml } from '../../../src-main/workbench/runs/spec-text.ts';

const minimal = 'name: a\nmodel: m\ndataset: {train: d}\nalgorithm: {kind: dpo}\nsteps: 3\n';

function specOf(input: { yaml: string }) {
  const parsed = parseSpec(input);
  if (parsed.ok) return parsed.spec;
  throw specError(parsed.issues);
}

function issuesOf(yaml: string) {
  const parsed = parseSpec({ yaml });
  return parsed.ok ? [] : parsed.issues;
}

describe('a spec as text', () => {
  test('is completed with every default', () => {
    const spec = specOf({ yaml: minimal });
    expect(spec).toMatchObject({ guard: { kind: 'none' }, tuning: { kind: 'full' }, seed: 0, batch: { size: 8 } });
    expect(specOf({ yaml: specToYaml(spec) })).toEqual(spec);
  });

  test('takes maps in with << as other tools do, and finds what is wrong where it is written', () => {
    const shared = 'batch: &small {size: 4, maxLength: 64}\n';
    expect(specOf({ yaml: `${minimal}${shared}optimizer: {learningRate: 1e-4}\n` }).batch).toMatchObject({ size: 4 });
    const merged = `name: a\nmodel: m\ndataset: &data\n  train: d\n  heldOut: 0\nalgorithm: {kind: dpo}\nsteps: 3\n`;
    const checkpoint = 'checkpoint:\n  <<: &keep {every: 2}\n  keep: all\n';
    expect(specOf({ yaml: `${merged}${checkpoint}` }).checkpoint).toMatchObject({ every: 2, keep: 'all' });
    const wrong = 'batch: &b\n  size: 4\n  sise: 5\nmemory:\n  <<: [*b]\n  size: 0\n';
    expect(issuesOf(`${minimal}${wrong}`)).toMatchObject([
      { path: 'memory.size', line: 11 },
      { path: 'memory.sise', line: 8 },
      { path: 'batch.sise', line: 8 },
    ]);
    // What an alias stands for is wrong where it is written; a key in quotes is no merge.
    expect(issuesOf(`${minimal}batch: &b\n  size: 0\nmemory: *b\n`)).toMatchObject([
      { path: 'memory.size', line: 7 },
      { path: 'batch.size', line: 7 },
    ]);
    expect(issuesOf(`${minimal}batch:\n  "<<": {size: 4}\n`)).toMatchObject([{ path: 'batch.<<', line: 7 }]);
    expect(issuesOf(`${minimal}batch:\n  <<: 5\n`)).toEqual([
      { path: '', message: '<< takes a map, an alias of one, or a list of these', line: 7, column: 3 },
    ]);
  });

  test('may be JSON', () => {
    const json = JSON.stringify({
      name: 'a',
      model: 'm',
      dataset: { train: 'd' },
      algorithm: { kind: 'dpo' },
      steps: 3,
    });
    expect(specOf({ yaml: json })).toEqual(specOf({ yaml: minimal }));
  });

  test('refuses an unknown key at its place, with what is accepted', () => {
    const issues = issuesOf(`${minimal}guard:\n  kind: flipguard\n  epsillon: 0\n`);
    expect(issues).toEqual([
      { path: 'guard.epsillon', line: 8, column: 3, message: expect.stringContaining('epsilon, weight') as string },
    ]);
  });

  test('says every fault at once, each with its line', () => {
    const issues = issuesOf(minimal.replace('dpo', 'dppo').replace('steps: 3', 'steps: -1') + 'seed: x\n');
    expect(issues.map(({ path, line }) => [path, line])).toEqual([
      ['algorithm.kind', 4],
      ['steps', 5],
      ['seed', 6],
    ]);
  });

  test.each([
    ['steps: 3', 'steps: 3\nepochs: 1', 'steps'],
    ['kind: dpo', 'kind: sft', 'guard.kind'],
  ])('checks keys against each other (%s → %s)', (from, to, path) => {
    const issues = issuesOf(`${minimal.replace(from, to)}guard: {kind: flipguard}\n`);
    expect(issues.map((issue) => issue.path)).toContain(path);
  });

  test.each([
    ['dpo', '{kind: flip-hinge}', 'guard.suite'],
    ['reward', '{kind: flip-hinge, suite: s}', 'guard.kind'],
    [
      'dpo',
      '{kind: flip-hinge, suite: s, combine: project, learnedWeight: {rate: 1, target: 0}}',
      'guard.learnedWeight',
    ],
    ['dpo', '{kind: flipguard, combine: agree, learnedWeight: {rate: 1, target: 0}}', 'guard.learnedWeight'],
    ['dpo', '{kind: random, randomRate: 1, learnedWeight: {rate: 1, target: 2}}', 'guard.learnedWeight.target'],
    ['kto', '{kind: flipguard}', 'guard.kind'],
    ['dpo', '{kind: flipguard, divergence: fall, gate: margin, target: pre-sample}', 'guard.divergence'],
    ['rloo, reward: {kind: lexicon}', '{kind: random, randomRate: 0.2, divergence: fall}', 'guard.divergence'],
    ['rloo, klWeight: 0, reward: {kind: lexicon}', '{kind: flipguard, reward: implicit}', 'guard.reward'],
    ['grpo, reward: {kind: lexicon}', '{kind: flipguard, reward: implicit}', 'guard.reward'],
    ['ppo, reward: {kind: lexicon}', '{kind: flipguard, gate: margin}', 'guard.gate'],
    ['ppo, reward: {kind: lexicon}', '{kind: flipguard, gate: margin, reward: implicit}', 'guard.gate'],
  ])('refuses parts of a guard that do not go together (%s, %s)', (kind, guard, path) => {
    const text = minimal.replace('{kind: dpo}', `{kind: ${kind}}`);
    expect(issuesOf(`${text}guard: ${guard}\n`).map((issue) => issue.path)).toEqual([path]);
  });

  test.each([
    ['orpo', '{kind: flip-hinge, suite: s, tokens: random}'],
    ['dpo', '{kind: flip-hinge, suite: s, tokens: random, combine: agree}'],
    ['online-dpo, reward: {kind: lexicon}', '{kind: flipguard, reward: implicit, divergence: fall}'],
    ['dpo', '{kind: ungated, divergence: fall}'],
    ['dpo', '{kind: flipguard, reward: implicit, divergence: masked-kl, combine: project}'],
    ['dpo', '{kind: flipguard, learnedWeight: {rate: 1, target: 2, of: fall, per: slice}}'],
    ['rloo, reward: {kind: lexicon}', '{kind: random, randomRate: 0.2, reward: implicit, divergence: fall}'],
    ['grpo, klWeight: 0.1, reward: {kind: lexicon}', '{kind: ungated, reward: implicit, combine: agree}'],
    [
      'ppo, reward: {kind: lexicon}',
      '{kind: flipguard, reward: implicit, gate: margin, target: guard-set, guardSet: g}',
    ],
  ])('takes parts that do (%s, %s)', (kind, guard) => {
    const text = minimal.replace('{kind: dpo}', `{kind: ${kind}}`);
    expect(parseSpec({ yaml: `${text}guard: ${guard}\n` })).toMatchObject({ ok: true });
  });

  test.each(['[1, 2', 'just words', 'a: 1\n b: 2', '', '- 1', '&a [*a, *a]'])('refuses “%s” with a line', (yaml) => {
    expect(issuesOf(yaml)[0]?.line).toBeGreaterThan(0);
  });

  test('does not expand a bomb of aliases', () => {
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 9; i += 1)
      bomb.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    expect(issuesOf(bomb.join('\n'))).toMatchObject([{ message: 'A spec is a mapping of keys to values.' }]);
  });
});

describe('changes to a spec', () => {
  test('are typed as YAML values at dotted paths', () => {
    expect(['a=1e-4', 'b=null', 'c=[x, y]', 'd=a=b', 'e='].map(parseAssignment)).toEqual([
      { path: 'a', value: 1e-4 },
      { path: 'b', value: null },
      { path: 'c', value: ['x', 'y'] },
      { path: 'd', value: 'a=b' },
      { path: 'e', value: null },
    ]);
    expect(() => parseAssignment('nothing')).toThrow(/what to set/);
  });

  test('leave the original alone and make objects on the way', () => {
    const spec = { guard: { kind: 'none' } };
    expect(withValue(spec, 'guard.weight', 2)).toEqual({ guard: { kind: 'none', weight: 2 } });
    expect(withValue(spec, 'a.b.c', 1)).toMatchObject({ a: { b: { c: 1 } } });
    expect(spec).toEqual({ guard: { kind: 'none' } });
  });

  test('cannot reach a prototype', () => {
    expect(() => withValue({}, '__proto__.polluted', true)).toThrow(/not a path/);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test('are listed leaf by leaf', () => {
    const from = { a: 1, b: { c: [1], d: 2 }, e: 5 };
    expect(specDifference(from, { a: 1, b: { c: [1, 2], d: 2 }, f: null })).toEqual([
      { path: 'b.c', from: [1], to: [1, 2] },
      { path: 'e', from: 5, to: null },
    ]);
  });

  test('of a sweep are all combinations, the last fastest', () => {
    const all = combinations([
      { path: 'w', values: [1, 2] },
      { path: 's', values: [0, 1] },
    ]);
    expect(all.map((set) => set.map(({ value }) => value))).toEqual([
      [1, 0],
      [1, 1],
      [2, 0],
      [2, 1],
    ]);
  });
});
