import type { DatasetRow } from '../../shared/domain/datasets.ts';
import { readingsOfKind, usualReading } from '../../shared/domain/data/shown-row.ts';
import type { PlacedRow, RowReading } from '../../shared/domain/data/shown-row.ts';
import type { DatasetRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { readShownRow } from '../../trainer/reading/read-rows.ts';
import type { Core } from '../core.ts';
import { findWeights, weightsFolder } from '../models/weights.ts';
import type { Task } from '../supervision/task.ts';

/** Tokens a sequence may have where nothing is said: the run spec's `batch.maxLength`. */
export const usualMaxLength = 512;

export interface ReadingChoice {
  model: string;
  reading?: RowReading | undefined;
  maxLength?: number | undefined;
}

/** @param text A row's number, from 1, or its id; a number that is both is the number. */
export async function showDatasetRow(
  core: Core,
  dataset: DatasetRecord,
  text: string,
  choice: ReadingChoice,
  task: Task,
): Promise<PlacedRow> {
  const { number, row } = await findRow(core, dataset, text);
  const modelPath = await weightsFolder(core, await findWeights(core, choice.model), task);
  const reading = readingFor(dataset, choice.reading);
  const maxLength = choice.maxLength ?? usualMaxLength;
  return { number, shown: await readShownRow({ modelPath, row, reading, maxLength }, { signal: task.signal }) };
}

export function readingFor(dataset: DatasetRecord, asked: RowReading | undefined): RowReading {
  const offered = readingsOfKind[dataset.kind];
  if (asked === undefined) return usualReading(dataset.kind);
  if (offered.includes(asked)) return asked;
  throw new WorkbenchError('bad-input', `“${dataset.name}” has ${dataset.kind} rows, which “${asked}” does not read.`, {
    remedy: `Choose ${offered.join(', ')}.`,
    place: { field: 'as' },
  });
}

/** Where a row stands, from 0. */
export async function placeOfRow({ store }: Core, dataset: DatasetRecord, text: string): Promise<number> {
  const number = /^\d+$/.test(text) ? Number(text) : 0;
  const place = number >= 1 && number <= dataset.rows ? number - 1 : await store.datasetRowPosition(dataset.id, text);
  if (place !== null) return place;
  throw new WorkbenchError('not-found', `“${dataset.name}” has no row “${text}”.`, {
    remedy: `Give a number from 1 to ${dataset.rows}, or a row’s id.`,
    place: { field: 'row' },
  });
}

async function findRow(core: Core, dataset: DatasetRecord, text: string): Promise<{ number: number; row: DatasetRow }> {
  const place = await placeOfRow(core, dataset, text);
  const [row] = await core.store.datasetRowsAt(dataset.id, [place]);
  if (row === undefined) throw new WorkbenchError('not-found', `“${dataset.name}” was deleted meanwhile.`);
  return { number: place + 1, row };
}
