import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { SuiteFile } from '../../src-main/shared/domain/jobs.ts';
import type { TrainerEventBody } from '../../src-main/shared/domain/trainer-events.ts';
import { openKeptEvaluations } from '../../src-main/trainer/kept-evaluations.ts';

async function folder(): Promise<string> {
  const made = await mkdtemp(path.join(os.tmpdir(), 'flipguard-kept-'));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}

async function suiteIn(place: string, changes: Partial<SuiteFile> = {}): Promise<SuiteFile> {
  const itemsPath = path.join(place, `${changes.name ?? 'words'}.ndjson`);
  await writeFile(itemsPath, '{"kind":"words","id":"a","text":"one two"}\n');
  return { id: 's', name: 'words', kind: 'words', itemsPath, ...changes };
}

const done = (acc: number): TrainerEventBody[] => [
  {
    type: 'evaluation-done',
    mark: { suiteId: 's', suiteName: 'words', suiteKind: 'words', step: 0 },
    samples: 1,
    decoding: null,
    summary: { acc },
  },
];

test('what the same weights said of the same items is known, and nothing else is', async () => {
  const place = await folder();
  const suite = await suiteIn(place);
  const of = (weights: string) => openKeptEvaluations(path.join(place, 'kept'), () => Promise.resolve(weights));
  expect(await of('old').get(suite)).toBeUndefined();
  await of('old').put(suite, done(0.5));
  expect(await of('old').get(suite)).toEqual(done(0.5));
  expect(await of('other').get(suite)).toBeUndefined();
  expect(await of('old').get({ ...suite, minWordLength: 9 })).toBeUndefined();
  await writeFile(suite.itemsPath, '{"kind":"words","id":"a","text":"one three"}\n');
  expect(await of('old').get(suite)).toBeUndefined();
});

test('a judge, a program, a reward model and a reference are asked each time', async () => {
  const place = await folder();
  const kept = openKeptEvaluations(path.join(place, 'kept'), () => Promise.resolve('old'));
  const scorers: SuiteFile['scorer'][] = [
    { kind: 'judge', endpoint: 'http://localhost', model: 'm', rubric: 'r' },
    { kind: 'command', command: ['true'] } as SuiteFile['scorer'],
    { kind: 'reward-model', model: 'm' },
  ];
  const suites = [
    await suiteIn(place, { kind: 'pairs' }),
    ...(await Promise.all(scorers.map((scorer) => suiteIn(place, { kind: 'generate', ...(scorer && { scorer }) })))),
  ];
  for (const suite of suites) {
    await kept.put(suite, done(1));
    expect(await kept.get(suite)).toBeUndefined();
  }
});

test('a damaged file is as good as none, and so are numbers that JSON does not have', async () => {
  const place = await folder();
  const suite = await suiteIn(place);
  const kept = openKeptEvaluations(path.join(place, 'kept'), () => Promise.resolve('old'));
  await kept.put(suite, done(Number.NaN));
  expect(await kept.get(suite)).toBeUndefined();
  await kept.put(suite, done(1));
  const [file = ''] = await readdir(path.join(place, 'kept'));
  await writeFile(path.join(place, 'kept', file), 'torn');
  expect(await kept.get(suite)).toBeUndefined();
});

test('texts that would fill the memory are not kept', async () => {
  const place = await folder();
  const suite = await suiteIn(place);
  const kept = openKeptEvaluations(path.join(place, 'kept'), () => Promise.resolve('old'));
  const results = [{ sampleId: 'a', prompt: '', output: 'x'.repeat(2 ** 26 + 1), score: null, verdict: null }];
  const [end] = done(1);
  if (end?.type !== 'evaluation-done') throw new Error('no end');
  await kept.put(suite, [{ type: 'evaluation-batch', mark: end.mark, results }, end]);
  expect(await kept.get(suite)).toBeUndefined();
});
