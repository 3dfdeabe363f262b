import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ChildProcess } from 'node:child_process';
import type { ModelRecord, RunRecord } from '../../src-main/shared/domain/entities.ts';
import { documentOf, flipguard, startCli } from '../helpers/cli.ts';
import {
  openTestWorkbench,
  pairRows,
  smallModel,
  temporaryFolder,
  withSmallModel,
  wordItems,
} from '../helpers/workbench.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';

const prompts = ['dog', 'cat', 'girl', 'boy', 'tree', 'fish'].map((thing) => `Once upon a time there was a ${thing}`);
const words = (from: number, to: number) => wordItems.slice(from, to);

/** A workspace with what the study below names. */
async function prepared(): Promise<{ folder: string; file: string }> {
  const folder = temporaryFolder();
  const workbench = await openTestWorkbench({ folder: path.join(folder, 'workspace') });
  await workbench.models.add(smallModel ?? '', { name: 'small' }, quietTask());
  await workbench.imports.addDataset('pairs', pairRows);
  await workbench.imports.addSuite('words-v', { kind: 'words' }, words(0, 4));
  await workbench.imports.addSuite('words-t', { kind: 'words' }, words(4, 12));
  for (const [name, temperature, from] of [
    ['reward-v', 1, 0],
    ['reward-t', 1, 3],
    ['greedy-t', 0, 3],
  ] as const) {
    await workbench.imports.addSuite(
      name,
      {
        kind: 'generate',
        scorer: { kind: 'lexicon', lexicon: 'afinn' },
        decoding: { temperature, maxNewTokens: 12, seed: 5 },
      },
      prompts.slice(from, from + 3).map((prompt, i) => ({ kind: 'generate', id: String(i), prompt })),
    );
  }
  await workbench.close();
  const file = path.join(folder, 'study.yaml');
  writeFileSync(file, study);
  return { folder: path.join(folder, 'workspace'), file };
}

const study = `name: gentle
models: [{ model: small }]
seeds: [3]
spec:
  dataset: { train: pairs }
  batch: { size: 4, maxLength: 48 }
  steps: 2
methods:
  - name: DPO
    set: { algorithm: { kind: dpo }, guard: { kind: none } }
    candidates:
      - { optimizer.learningRate: 1.0e-3 }
      - { optimizer.learningRate: 5.0e-4 }
    triedElsewhere: 3
  - name: merged
    merge:
      of: DPO
      search: { suite: words-v, reward: reward-v, over: layers, groups: 2, fractions: [0.25, 1], rounds: 1 }
reference: DPO
lowerRate: { times: 0.25 }
fractions: [0.5]
validation: { seeds: [0], flips: [words-v], sampledReward: reward-v }
test: { flips: [words-t], sampledReward: reward-t, greedyReward: greedy-t }
`;

interface Answer {
  reportId: string;
  frozen: { hash: string; at: string; candidates: object[]; seenBefore: number };
  failed: unknown[];
  files: string[];
}

describe.skipIf(smallModel === null)(`a study${withSmallModel}`, () => {
  test('killed and run again, it freezes, measures and reports, trains nothing twice, and refuses other settings', async () => {
    const { folder, file } = await prepared();
    const plan = documentOf<object>(await flipguard(folder, '--json', 'study', file, '--dry-run'));
    expect(plan).toEqual({
      name: 'gentle',
      phases: [
        { phase: 'validation', trainings: 2, trained: 0, evaluations: 8 },
        { phase: 'test', trainings: 2, trained: 0, evaluations: 18 },
      ],
      frozen: null,
      warnings: [],
    });
    const hasty = path.join(folder, '..', 'hasty.yaml');
    writeFileSync(hasty, readFileSync(file, 'utf8').replace('1.0e-3', '99'));
    const warned = await flipguard(folder, 'study', hasty, '--dry-run');
    expect(warned.status).toBe(0);
    expect(warned.stderr).toMatch(
      /^Warning: \S*hasty\.yaml:\d+:\d+: optimizer\.learningRate: 99 is about 5 million times the usual 2e-5 for DPO\./m,
    );
    await killedWhen(startCli(folder, ['study', file]), 'measuring gentle · DPO · seed 3');

    const out = path.join(folder, '..', 'out');
    const first = await flipguard(folder, '--json', 'study', file, '--out', out);
    expect(first.status, first.stderr.slice(-600)).toBe(0);
    const answer = documentOf<Answer>(first);
    expect(answer.failed).toEqual([]);
    // Both candidates were trained and measured on the validation split, where the second is half as far: one was chosen.
    expect(answer.frozen.candidates).toMatchObject([
      { method: 'DPO', candidate: 0, ratio: 1 },
      { method: 'DPO', candidate: 1 },
    ]);
    const chosen = answer.frozen.candidates.filter((one) => 'chosen' in one && one.chosen === true);
    expect(chosen).toHaveLength(1);
    expect(answer.frozen.seenBefore).toBe(0);
    const runs = documentOf<RunRecord[]>(await flipguard(folder, '--json', 'list', 'runs'));
    expect(runs.map(({ name, status }) => `${name} ${status}`).sort()).toEqual([
      'gentle · DPO · candidate 2 · seed 0 finished',
      'gentle · DPO · seed 0 finished',
      'gentle · DPO · seed 3 finished',
      'gentle · DPO, 0.25 × the rate · seed 3 finished',
    ]);
    const markdown = readFileSync(path.join(out, 'report.md'), 'utf8');
    expect(markdown).toContain('DPO, 0.25 × the rate (control)');
    expect(markdown).toContain(answer.frozen.hash);
    expect(readFileSync(path.join(out, 'report.html'), 'utf8')).toContain('equal sampled reward');
    const rows = readFileSync(path.join(out, 'points.csv'), 'utf8').trim().split('\n');
    // 3 methods × (start, half, end) × (words, fallen greedy rewards).
    expect(rows).toHaveLength(1 + 3 * 3 * 2);
    expect(rows[0]).toBe(
      'model,method,seed,fraction,sampledReward,greedyReward,kl,distinctPairs,seconds,processorSeconds,check,negative,positive,n',
    );
    await expectCosts(folder, rows);

    // Weights in between were measured and removed; their entries stay.
    const models = documentOf<ModelRecord[]>(await flipguard(folder, '--json', 'list', 'models'));
    expect(models.map(({ origin, state }) => `${origin} ${state}`).sort()).toEqual([
      'imported present',
      ...new Array<string>(4).fill('interpolated missing'),
      ...new Array<string>(3).fill('merged missing'),
    ]);
    expectMergedPath(models);
    expect(readdirSync(path.join(folder, 'models'))).toEqual([]);
    expect((await flipguard(folder, '--json', 'doctor', '--check')).stdout).not.toContain('missing-model');

    const again = documentOf<Answer>(await flipguard(folder, '--json', 'study', file));
    expect(again.frozen).toEqual(answer.frozen);
    expect(documentOf<RunRecord[]>(await flipguard(folder, '--json', 'list', 'runs'))).toEqual(runs);

    writeFileSync(file, study.replace('seeds: [3]', 'seeds: [5]'));
    const changed = await flipguard(folder, 'study', file);
    expect(changed.status).toBe(2);
    expect(changed.stderr).toContain('seeds was [3] and is [5]');
  }, 600_000);

  test('what is wrong with a study file is said by file, line and field, before anything is trained', async () => {
    const { folder } = await prepared();
    const { studies } = await openTestWorkbench({ folder });
    for (const [right, wrong, expected] of mistakes) {
      await expect(studies.plan(study.replace(right, wrong), 'study.yaml'), wrong).rejects.toThrow(expected);
    }
  });
});

/** What a training cost is its steps' own account, and how alike its answers are is recomputed from the answers that the workspace has. */
async function expectCosts(folder: string, rows: readonly string[]): Promise<void> {
  const [heads = [], ...cells] = rows.map((row) => row.split(','));
  const points = cells.map((row) => Object.fromEntries(heads.map((head, i) => [head, row[i] ?? ''])));
  const { core } = await openTestWorkbench({ folder });
  const run = (await core.store.listRuns()).find(({ name }) => name === 'gentle · DPO · seed 3');
  const spent = (await core.store.curveRows(run?.id ?? '', 0, 10)).map(({ figures }) => figures['processor_seconds']);
  expect(spent).toHaveLength(2);
  const told = points.find(({ method, fraction }) => method === 'DPO' && fraction === '1');
  expect(Number(told?.['processorSeconds'])).toBeCloseTo(spent[0]! + spent[1]!, 9);

  const end = (await core.store.listEvaluations()).find(
    ({ runId, suiteName }) => runId === run?.id && suiteName === 'reward-t',
  );
  const pairs: string[] = [];
  await core.store.streamSamples(end?.id ?? '', async (samples) => {
    for (const { output } of samples) {
      const words = (output ?? '').toLowerCase().match(/[a-z0-9]+(?:'[a-z]+)*/g) ?? [];
      pairs.push(...words.slice(1).map((word, i) => `${words[i]} ${word}`));
    }
  });
  expect(pairs.length).toBeGreaterThan(10);
  expect(Number(told?.['distinctPairs'])).toBeCloseTo(new Set(pairs).size / pairs.length, 9);
}

/** The search saw the validation half of its suites alone; the path keeps what it found, and ends where its farthest part goes all the way. */
function expectMergedPath(models: readonly ModelRecord[]): void {
  const recipeOf = (name: string) => models.find((model) => model.name === name)?.recipe;
  const found = recipeOf('gentle · merged · seed 3');
  expect(found?.search).toMatchObject({ suite: 'words-v', validation: { items: 2 }, reward: { suite: 'reward-v' } });
  expect(found?.parts.map(({ layers }) => layers)).toHaveLength(2);
  const fractions = (recipe: typeof found) => [
    recipe?.fraction ?? 0,
    ...(recipe?.parts ?? []).map((part) => part.fraction),
  ];
  const [searched, half, end] = ['', ', 50 %', ', 100 %'].map((at) =>
    fractions(recipeOf(`gentle · merged · seed 3${at}`)),
  );
  const farthest = Math.max(...searched!);
  expect(Math.max(...end!)).toBe(1);
  searched!.forEach((fraction, i) => {
    expect(end![i]).toBeCloseTo(fraction / farthest, 12);
    expect(half![i]).toBeCloseTo(fraction / farthest / 2, 12);
  });
}

const mistakes: readonly (readonly [string, string, RegExp])[] = [
  ['reference: DPO', 'reference: DPA', /study\.yaml:19:1: reference: no method is named “DPA”/],
  ['seeds: [0]', 'seeds: [3]', /study\.yaml:22:15: validation\.seeds: 3 is a seed of the test split, too/],
  ['  steps: 2', '  seed: 2', /study\.yaml:7:3: spec\.seed: is given by the study itself/],
  [
    '    triedElsewhere: 3',
    '    tried: 3',
    /study\.yaml:14:5: methods\.0\.tried: There is no key “tried” here\. Keys here: name, set/,
  ],
  ['kind: none', 'kind: nothing', /study\.yaml:10:\d+: methods\.0\.set\.guard: Must be one of/],
  [
    'dataset: { train: pairs }',
    'dataset: { train: pears }',
    /study\.yaml:5:14: spec\.dataset\.train: There is no dataset “pears”/,
  ],
  ['flips: [words-v]', 'flips: [words-t]', /validation: “words-t” is in the test split, too/],
  [
    'sampledReward: reward-t',
    'sampledReward: greedy-t',
    /study\.yaml:23:\d+: test\.sampledReward: “greedy-t” answers greedily/,
  ],
  ['flips: [words-t]', 'flips: [reward-v]', /test\.flips\.0: “reward-v” has a scorer without a threshold/],
  [
    '      - { optimizer.learningRate: 5.0e-4 }',
    '      - { optimizer.learningRate: 1.0e-3 }',
    /“DPO” has the same settings as another of its candidates/,
  ],
  [
    'of: DPO',
    'of: merged',
    /study\.yaml:17:\d+: methods\.1\.merge\.of: no trained method is named “merged”; there are “DPO”/,
  ],
  ['reference: DPO', 'reference: merged', /study\.yaml:19:\d+: reference: “merged” merges the runs of another method/],
  [
    '  - name: merged',
    '  - name: merged\n    set: { steps: 3 }',
    /methods\.1\.set: merges the runs of “DPO” and trains nothing: it has no settings of its own/,
  ],
  [
    '{ suite: words-v, reward',
    '{ suite: words-t, reward',
    /methods\.1\.merge\.search\.suite: “words-t” is in the test split, too; what chooses is never what is reported/,
  ],
  ['seeds: [3]', 'seeds: [3, 3]', /study\.yaml:3:\d+: seeds: List each seed once/],
  ['name: gentle', '- name: gentle', /study\.yaml:\d+:\d+/],
];

/** Kills the program as soon as it says so much, and waits until it is gone. */
async function killedWhen(child: ChildProcess, said: string): Promise<void> {
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.stderr?.on('data', (text: Buffer) => {
    if (text.toString().includes(said)) child.kill('SIGKILL');
  });
  await gone;
  expect(child.signalCode).toBe('SIGKILL');
}
