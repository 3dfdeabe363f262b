import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { describe, expect, it } from 'vitest';
import { openEvaluationImport } from '../../../src-main/imports/index.ts';
import { failureOf, read, tempFolder } from '../fixtures.ts';
import { readParts } from './parts.ts';

// Written by `datasets` as lighteval's tracker does (test/golden/imports/lighteval.py), laid out here under the tool's own names.
const assets = path.join(import.meta.dirname, '..', '..', 'assets', 'imports', 'lighteval');
const folder = tempFolder();
const [now, then] = ['2025-11-20T10-11-12.345678', '2024-06-01T09-08-07.654321'];

function layOut(asset: string, name: string): string {
  const to = folder.path(name);
  mkdirSync(path.dirname(to), { recursive: true });
  copyFileSync(path.join(assets, asset), to);
  return to;
}

describe.skipIf(process.platform === 'win32')('lighteval', () => {
  const details = `out/details/acme/tiny-1b/${now}`;
  layOut('gsm8k.parquet', `${details}/details_gsm8k|5_${now}.parquet`);
  layOut('mmlu.parquet', `${details}/details_mmlu:abstract_algebra|0_${now}.parquet`);
  layOut('aime.parquet', `${details}/details_aime|0_${now}.parquet`);
  layOut('results.json', `out/results/acme/tiny-1b/results_${now}.json`);
  layOut('gsm8k.parquet', `out/details/acme/tiny-1b/${then}/details_gsm8k|5_${then}.parquet`);

  it('reads an output folder: each task by itself, the newest details, with what judged them', async () => {
    const parts = await readParts(folder.path('out'));
    expect(parts.map(({ label, problems, rows }) => [label, problems, rows.map((row) => row.verdict)])).toEqual([
      ['acme/tiny-1b aime', [], [null, null, null]],
      ['acme/tiny-1b gsm8k', [], ['right', 'wrong', 'right']],
      ['acme/tiny-1b mmlu:abstract_algebra', [], ['right', 'right', 'wrong', 'right']],
    ]);
    const [, gsm8k, mmlu] = parts;
    expect(gsm8k?.rows[1]).toEqual({
      sampleId: 'gsm8k/1',
      prompt: 'Solved before.\n\nQuestion: 1 + 1 = ?\nAnswer:',
      target: '2',
      output: 'It is 0.',
      score: 0,
      verdict: 'wrong',
      slices: ['gsm8k'],
    });
    expect(gsm8k?.said).toMatchObject({
      format: 'lighteval',
      tool: { name: 'lighteval', version: '203045a8431b' },
      models: ['acme/tiny-1b'],
      tasks: ['gsm8k'],
      decoding: { temperature: 0.6, topP: 0.95, seed: 42, maxNewTokens: 256, stop: ['Question:'] },
      measure: { metric: 'extractive_match', shots: 5, repeats: 1, taskVersion: '0' },
      notes: ['1 older details files were left out: the newest of each task counts.'],
    });
    // The softmax of −1 against −3, −4 and −5 (option 1 is likeliest, the others are −2 − k).
    const sum = 1 + Math.exp(-1) + Math.exp(-3) + Math.exp(-4);
    expect(mmlu?.rows[1]).toMatchObject({ output: 'one', target: 'one', score: -1, metrics: { options: 4 } });
    expect(mmlu?.rows[1]?.metrics?.['confidence']).toBeCloseTo(1 / sum, 12);
  });

  it('counts the right answers of a task that samples, where a metric says how many', async () => {
    const [aime] = await readParts(folder.path('out'));
    expect(aime?.rows.map(({ solved, score }) => [solved, score])).toEqual([
      [{ attempts: 4, right: 0 }, 0],
      [{ attempts: 4, right: 1 }, 0.25],
      [{ attempts: 4, right: 2 }, 0.5],
    ]);
    expect(aime?.said.measure).toMatchObject({ repeats: 4, metric: 'pass@k:k=1&n=4' });
  });

  it('reads the columns of older versions, as Python shows them and typed', async () => {
    const old = `old/details/acme/tiny-1b/${then}`;
    layOut('old-trivia.parquet', `${old}/details_leaderboard|trivia|0|0_${then}.parquet`);
    layOut('old-arc.parquet', `${old}/details_lighteval|arc:easy|25|0_${then}.parquet`);
    layOut('typed-trivia.parquet', `typed/details_leaderboard|trivia|0|0_${then}.parquet`);
    const [arc, trivia] = await readParts(folder.path('old'));
    const [typed] = await readParts(folder.path('typed'));
    expect(arc?.rows.map(({ output, target, score, verdict }) => [output, target, score, verdict])).toEqual([
      ["it's c", 'a', -3, 'wrong'],
      ["it's c", 'b', -3, 'wrong'],
      ["it's c", "it's c", -1, 'right'],
    ]);
    expect([arc?.said.tasks, arc?.said.measure.shots, arc?.said.variants]).toEqual([
      ['arc:easy'],
      25,
      ['acc', 'acc_norm'],
    ]);
    expect(trivia?.rows.map(({ output, verdict, metrics }) => [output, verdict, { ...metrics }])).toEqual([
      ['it\'s "no"', 'wrong', { f1: 0.5 }],
      ['Answer 1', 'right', { f1: 0.5 }],
      ['Answer 2', 'right', { f1: 0.5 }],
    ]);
    // Without ids samples are known by question and gold: both layouts give the same.
    expect(typed?.rows).toEqual(trivia?.rows);
    expect(new Set(trivia?.rows.map(({ sampleId }) => sampleId)).size).toBe(3);
  });

  it('takes the metric that is asked for, and a single file by its columns', async () => {
    const file = layOut('old-arc.parquet', 'renamed.parquet');
    const { rows, stream } = await read(openEvaluationImport(file, { variant: 'acc_norm' }));
    expect([rows.map(({ verdict }) => verdict), stream.metadata().measure.metric]).toEqual([
      ['wrong', 'wrong', 'wrong'],
      'acc_norm',
    ]);
    expect(await failureOf(read(openEvaluationImport(file, { variant: 'f2' })))).toContain('There is: acc, acc_norm');
  });

  it('counts rows without metrics, and refuses a file that is cut', async () => {
    const hostile = folder.write(
      'hostile.parquet',
      new Uint8Array(
        parquetWriteBuffer({
          columnData: [
            { name: 'full_prompt', data: ['p', 'q', 'r', 's'] },
            { name: 'predictions', data: ["['a']", "['b", '[1, 2, (', ''] },
            { name: 'metrics', data: ["{'em': 1}", "{'em': 'x'}", "{'em': 0", '7'] },
            { name: 'gold_index', data: ['[0]', "['x']", '[-4]', '[99]'] },
            { name: 'choices', data: ["[' a']", '{}', 'None', '[[[['] },
          ],
        }),
      ),
    );
    const { rows, problems } = await read(openEvaluationImport(hostile));
    expect(rows.map(({ verdict }) => verdict)).toEqual(['right', null]);
    expect(problems).toEqual(['3 missing-field metric', '4 missing-field metric']);
    const whole = readFileSync(path.join(assets, 'gsm8k.parquet'));
    const cut = folder.write(`cut/details_gsm8k|5_${now}.parquet`, whole.subarray(0, whole.length / 2));
    expect(await failureOf(readParts(path.dirname(cut)))).toMatch(/^bad-input: .*cannot be read as Parquet/);
  });
});
