import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { stringify } from 'csv-stringify/sync';
import type { RunRecord } from '../../shared/domain/entities.ts';
import type { Core } from '../core.ts';
import type { Task } from '../supervision/task.ts';
import { findByName } from '../workspace/names.ts';
import { figureNames, stepsOf } from './figures.ts';
import { numberColumn, parquetFile, textColumn } from './parquet-file.ts';
import { fileNames } from './file-names.ts';
import { fileVersion, scalars } from './tensorboard.ts';
import { wholeFolder, wholeFile } from './whole-target.ts';
import { makeFolder } from '../../system/folders.ts';

export const figureFormats = ['csv', 'parquet', 'tensorboard'] as const;
export type FigureFormat = (typeof figureFormats)[number];

export interface MetricsOut {
  path: string;
  format: FigureFormat;
  runs: number;
  steps: number;
}

/** The curves of runs, whole: a table with a row for each step of each run, or TensorBoard’s folder with one of each run. */
export async function exportMetrics(
  core: Core,
  {
    names,
    format,
    out,
    overwrite,
  }: { names: readonly string[]; format: FigureFormat; out: string; overwrite: boolean },
  task: Task,
): Promise<MetricsOut> {
  const known = await core.store.listRuns();
  const runs = [...new Set(names)].map((name) => findByName('run', known, name));
  const steps = await writers[format](core, runs, { out, overwrite }, task);
  return { path: out, format, runs: runs.length, steps };
}

type Target = { out: string; overwrite: boolean };
const writers: Record<FigureFormat, (core: Core, runs: RunRecord[], target: Target, task: Task) => Promise<number>> = {
  csv: (core, runs, target, task) => wholeFile(target, (draft) => writeCsv(core, runs, draft, task)),
  parquet: (core, runs, target, task) => wholeFile(target, (draft) => writeParquet(core, runs, draft, task)),
  tensorboard: (core, runs, target, task) => wholeFolder(target, (draft) => writeEventFiles(core, runs, draft, task)),
};

/** Figures that were not finite are written as NaN; a figure that a step does not have is an empty cell. */
export async function writeCsv(core: Core, runs: readonly RunRecord[], file: string, task: Task): Promise<number> {
  const names = await figureNames(core, runs);
  const out = await open(file, 'wx');
  let steps = 0;
  try {
    await out.writeFile(stringify([['run', 'step', 'epoch', ...names]], formulas));
    for (const run of runs) {
      for await (const { step, epoch, figures } of stepsOf(core, run, task)) {
        const cells = names.map((name) => {
          const value = figures[name];
          return value === undefined || !Number.isNaN(value) ? value : 'NaN';
        });
        await out.writeFile(stringify([[run.name, step, epoch, ...cells]], formulas));
        steps++;
      }
    }
  } finally {
    await out.close();
  }
  return steps;
}

const formulas = { escape_formulas: true };
const rowGroup = 20_000;

async function writeParquet(core: Core, runs: readonly RunRecord[], file: string, task: Task): Promise<number> {
  const names = await figureNames(core, runs);
  type Row = { run: string; step: number; epoch: number; figures: Record<string, number> };
  const columns = [
    textColumn<Row>('run', (row) => row.run),
    numberColumn<Row>('step', (row) => row.step),
    numberColumn<Row>('epoch', (row) => row.epoch),
    ...names.map((name) => numberColumn<Row>(name, (row) => row.figures[name] ?? null)),
  ];
  const out = await parquetFile(file, columns);
  let steps = 0;
  let waiting: Row[] = [];
  try {
    for (const run of runs) {
      for await (const { step, epoch, figures } of stepsOf(core, run, task)) {
        waiting.push({ run: run.name, step, epoch, figures });
        steps++;
        if (waiting.length < rowGroup) continue;
        await out.rows(waiting);
        waiting = [];
      }
    }
    if (waiting.length > 0) await out.rows(waiting);
    await out.end();
  } finally {
    await out.close();
  }
  return steps;
}

async function writeEventFiles(core: Core, runs: readonly RunRecord[], folder: string, task: Task): Promise<number> {
  const places = fileNames(runs.map(({ name }) => name));
  let steps = 0;
  for (const [i, run] of runs.entries()) {
    const place = path.join(folder, places[i] ?? run.id);
    await makeFolder(place);
    const seconds = Math.floor((run.startedAt ?? run.createdAt) / 1000);
    const out = await open(
      path.join(place, `events.out.tfevents.${String(seconds).padStart(10, '0')}.flipguard`),
      'wx',
    );
    try {
      steps += await writeEvents(out, core, run, task);
    } finally {
      await out.close();
    }
  }
  return steps;
}

async function writeEvents(out: FileHandle, core: Core, run: RunRecord, task: Task): Promise<number> {
  let steps = 0;
  await out.writeFile(fileVersion((run.startedAt ?? run.createdAt) / 1000));
  for await (const { at, step, figures } of stepsOf(core, run, task)) {
    await out.writeFile(scalars(at / 1000, step, figures));
    steps++;
  }
  return steps;
}
