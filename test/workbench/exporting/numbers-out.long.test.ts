import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'csv-parse/sync';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { describe, expect, test } from 'vitest';
import type { SampleResult } from '../../../src-main/shared/domain/evaluations.ts';
import { exportEvaluation, sampleFormats } from '../../../src-main/workbench/exporting/evaluation-out.ts';
import { fileNames } from '../../../src-main/workbench/exporting/file-names.ts';
import { exportMetrics } from '../../../src-main/workbench/exporting/metrics-out.ts';
import { exportRun } from '../../../src-main/workbench/exporting/run-out.ts';
import { fileVersion, scalars } from '../../../src-main/workbench/exporting/tensorboard.ts';
import { wholeFile } from '../../../src-main/workbench/exporting/whole-target.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import type { Workbench } from '../../../src-main/workbench/workbench.ts';
import { openTestWorkbench, temporaryFolder } from '../../helpers/workbench.ts';

/** A run that TRL trained (test/golden/trainers/trl_runs.py), under a name that no file can have and that a spreadsheet would run. */
const told = path.resolve(import.meta.dirname, '../../assets/trainers/dpo-told');
const hostile = '=1+1, "x"\n../CON';
const python = process.env['FLIPGUARD_TRL_PYTHON'] ?? '';
const withoutPython = existsSync(python) ? '' : ' (skipped: FLIPGUARD_TRL_PYTHON names no Python with tensorboard)';

async function withRun(): Promise<Workbench> {
  const workbench = await openTestWorkbench();
  await workbench.following.importRun(told, { name: hostile }, quietTask());
  return workbench;
}

interface Logged extends Record<string, number> {
  step: number;
}
function logged(): Logged[] {
  const text = readFileSync(path.join(told, 'checkpoint-8/trainer_state.json'), 'utf8');
  return (JSON.parse(text) as { log_history: Logged[] }).log_history.filter((entry) => 'loss' in entry);
}

test('curves are a table with a row per step, as CSV and as Parquet, and the figures are the trainer’s', async () => {
  const { core } = await withRun();
  const folder = temporaryFolder();
  const [csv, parquet] = ['figures.csv', 'figures.parquet'].map((name) => path.join(folder, name)) as [string, string];
  const given = { names: [hostile, hostile], overwrite: false };
  const written = await exportMetrics(core, { ...given, format: 'csv', out: csv }, quietTask());
  await exportMetrics(core, { ...given, format: 'parquet', out: parquet }, quietTask());

  expect(written).toEqual({ path: csv, format: 'csv', runs: 1, steps: 8 });
  const rows = parse(readFileSync(csv), { columns: true }) as Record<string, string>[];
  // An apostrophe keeps a spreadsheet from taking the name for a formula.
  expect(rows.map((row) => [row['run'], row['step']])).toEqual(
    [1, 2, 3, 4, 5, 6, 7, 8].map((step) => [`'${hostile}`, String(step)]),
  );
  for (const name of ['loss', 'rewards/margins', 'entropy'])
    rows.forEach((row, i) => expect(Number(row[name])).toBeCloseTo(logged()[i]?.[name] ?? Number.NaN, 6));
  expect(rows.map((row) => row['eval_loss'] === '')).toEqual([true, true, true, false, true, true, true, false]);
  expect(Object.keys(rows[0] ?? {}).slice(0, 6)).toEqual([
    'run',
    'step',
    'epoch',
    'loss',
    'grad_norm',
    'learning_rate',
  ]);

  const table = await parquetReadObjects({ file: await asyncBufferFromFile(parquet) });
  const cells = table.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        value === null ? '' : name === 'run' ? `'${value}` : String(value),
      ]),
    ),
  );
  expect(cells).toEqual(rows);
});

test('an event file is, byte for byte, what TensorBoard’s own writer makes of the same figures', () => {
  // tensorboard 2.21: RecordWriter over Event messages.
  const recorded =
    'GAAAAAAAAACjf0siCQAAEED8VNlBGg1icmFpbi5FdmVudDoyM40v6TQAAAAAAAAAXjMXXAkAAGBA/FTZQRCsAiomCgsKBGxvc3MVAAAAPwoXChByZXdhcmRzL23DpHJnaW5zFQAAwH8j8LjK';
  const made = [
    fileVersion(1_700_000_000.25),
    scalars(1_700_000_001.5, 300, { loss: 0.5, 'rewards/märgins': Number.NaN }),
  ];
  expect(Buffer.concat(made).toString('base64')).toBe(recorded);
});

test(`TensorBoard reads the curves of a run${withoutPython}`, async (ctx) => {
  if (withoutPython !== '') return ctx.skip('FLIPGUARD_TRL_PYTHON names no Python with tensorboard');
  const { core } = await withRun();
  const out = path.join(temporaryFolder(), 'logs');
  await exportMetrics(core, { names: [hostile], format: 'tensorboard', out, overwrite: false }, quietTask());
  const [folder = ''] = readdirSync(out);
  const program = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
found = EventAccumulator(sys.argv[1], size_guidance={"tensors": 0, "scalars": 0})
found.Reload()
print(json.dumps({tag: [[one.step, one.value] for one in found.Scalars(tag)] for tag in found.Tags()["scalars"]}))`;
  const { stdout } = await promisify(execFile)(python, ['-c', program, path.join(out, folder)]);
  const { loss = [], eval_loss: held = [] } = JSON.parse(stdout) as Record<string, [number, number][]>;
  expect(loss.map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  loss.forEach(([, value], i) => expect(value).toBeCloseTo(logged()[i]?.['loss'] ?? Number.NaN, 6));
  expect(held.map(([step]) => step)).toEqual([4, 8]);
});

test('names of runs become names of files on any system, and none stands for two', () => {
  expect(fileNames([hostile, 'a/b', 'A b', '..', 'con', 'x'.repeat(300), 'naïve.✓'])).toEqual([
    '1-1-x-..-CON',
    'a-b',
    'A-b-2',
    'unnamed',
    '_con',
    'x'.repeat(120),
    'naïve',
  ]);
});

const samples: SampleResult[] = [
  {
    sampleId: 'one',
    prompt: 'What is 1 + 1?\r\n\u2028"=cmd"',
    target: '2',
    output: '',
    score: 0.1 + 0.2,
    verdict: 'right',
    slices: ['a', 'z,"'],
    tags: ['kept'],
    resultTags: ['content-filter', 'error'],
    metrics: { 'logps/chosen': -1.5, 'a.b': 2 },
    cluster: 'story 1',
    fields: { hash: '12' },
  },
  { sampleId: 'two', prompt: '', output: null, score: null, verdict: null },
  {
    sampleId: '__proto__',
    prompt: '🐦',
    target: '',
    output: 'x',
    score: -1e300,
    verdict: 'tie',
    metrics: { lost: Number.NaN },
  },
  {
    sampleId: 'asked often',
    prompt: 'p',
    output: 'a',
    score: 1,
    verdict: null,
    attempts: [
      { number: 1, output: 'a', score: 1, verdict: 'right' },
      { number: 2, output: 'b', score: 0, verdict: 'wrong' },
      { number: 3, output: null, score: null, verdict: 'right' },
    ],
  },
];

async function samplesOf(workbench: Workbench, id: string): Promise<SampleResult[]> {
  const all: SampleResult[] = [];
  await workbench.core.store.streamSamples(id, async (batch) => {
    all.push(...batch);
    return Promise.resolve();
  });
  return all;
}

describe('an evaluation that was exported reads back equal', () => {
  test.each(sampleFormats)('%s', async (format) => {
    const workbench = await openTestWorkbench();
    const folder = temporaryFolder();
    const [source, out] = [path.join(folder, 'given.jsonl'), path.join(folder, `out.${format}`)];
    writeFileSync(source, samples.map((one) => `${JSON.stringify(one)}\n`).join(''));
    const [given] = await workbench.imports.evaluations({ source, name: 'given' }, quietTask());
    const request = { name: 'given', format, out, overwrite: false };
    expect(await exportEvaluation(workbench.core, request, quietTask())).toEqual({ path: out, format, samples: 4 });
    const [read] = await workbench.imports.evaluations({ source: out, name: 'read' }, quietTask());

    const [before, after] = [await samplesOf(workbench, given?.id ?? ''), await samplesOf(workbench, read?.id ?? '')];
    expect(after).toEqual(before);
    expect(before.map(({ sampleId }) => sampleId)).toEqual(samples.map(({ sampleId }) => sampleId));
    expect(before[0]).toEqual(samples[0]);
    const { id: _id, name: _name, importId: _import, createdAt: _at, ...counts } = given ?? { id: '' };
    expect(read).toMatchObject(counts);
  });
});

test('a record that is not as it was written is told with its field, and the others are taken', async () => {
  const workbench = await openTestWorkbench();
  const source = path.join(temporaryFolder(), 'mixed.jsonl');
  const bad = { ...samples[1], verdict: 'maybe' };
  writeFileSync(source, [samples[0], bad, samples[2]].map((one) => `${JSON.stringify(one)}\n`).join(''));
  const [read] = await workbench.imports.evaluations({ source, name: 'mixed' }, quietTask());
  expect(read?.samples).toBe(2);
  await expect(
    workbench.imports.evaluations({ source, name: 'strict', strict: true }, quietTask()),
  ).rejects.toMatchObject({ place: { line: 2, field: 'verdict' } });
});

test('a run is a folder with its spec, its figures and what it was computed with', async () => {
  const { core } = await withRun();
  const out = path.join(temporaryFolder(), 'appendix');
  const { files } = await exportRun(core, { name: hostile, out }, quietTask());
  expect(readdirSync(out).sort()).toEqual(files);
  const environment = JSON.parse(readFileSync(path.join(out, 'environment.json'), 'utf8')) as {
    backend: { versions: Record<string, string> };
    checkpoints: { step: number }[];
  };
  expect({ trl: environment.backend.versions['trl'], steps: environment.checkpoints.map(({ step }) => step) }).toEqual({
    trl: '1.13.0',
    steps: [4, 8],
  });
  expect(readFileSync(path.join(out, 'spec.yaml'), 'utf8')).toContain('kind: dpo');
  const evaluations = JSON.parse(readFileSync(path.join(out, 'evaluations.json'), 'utf8')) as { step: number }[];
  expect(evaluations.map(({ step }) => step)).toEqual([0, 4, 8]);
  await expect(exportRun(core, { name: hostile, out }, quietTask())).rejects.toMatchObject({
    code: 'conflict',
    remedy: 'Name a folder that does not exist.',
  });
});

test('what cannot be written leaves nothing behind, and what is there stays', async () => {
  const { core } = await withRun();
  const folder = temporaryFolder();
  const out = path.join(folder, 'figures.csv');
  const request = { names: [hostile], format: 'csv', out, overwrite: false } as const;
  const cancelled = { ...quietTask(), signal: AbortSignal.abort() };
  await expect(exportMetrics(core, request, cancelled)).rejects.toMatchObject({ code: 'cancelled' });
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  const fill = async (draft: string) => {
    writeFileSync(draft, 'half');
    return Promise.reject(full);
  };
  await expect(wholeFile(request, fill)).rejects.toMatchObject({
    code: 'io',
    message: `${out} could not be written: the disk is full.`,
  });
  await expect(
    exportMetrics(core, { ...request, out: path.join(folder, 'none', 'x.csv') }, quietTask()),
  ).rejects.toMatchObject({ message: expect.stringContaining('its folder does not exist') as string });
  expect(readdirSync(folder)).toEqual([]);

  writeFileSync(out, 'mine');
  await expect(exportMetrics(core, request, quietTask())).rejects.toMatchObject({ code: 'conflict' });
  expect(readFileSync(out, 'utf8')).toBe('mine');
  await exportMetrics(core, { ...request, overwrite: true }, quietTask());
  expect(readFileSync(out, 'utf8')).not.toBe('mine');
  const place = path.join(folder, 'folder');
  mkdirSync(place);
  await expect(exportMetrics(core, { ...request, out: place, overwrite: true }, quietTask())).rejects.toMatchObject({
    code: 'conflict',
    message: `${place} is a folder.`,
  });
  await expect(exportMetrics(core, { ...request, names: ['nobody'] }, quietTask())).rejects.toMatchObject({
    code: 'not-found',
  });
});
