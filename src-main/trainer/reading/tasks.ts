import { readSides, showRow } from '../../engine/data/show-row.ts';
import { loadTokenizer } from '../../engine/tokenizer/tokenizer.ts';
import type { DatasetRow } from '../../shared/domain/datasets.ts';
import type { ShownRow } from '../../shared/domain/data/shown-row.ts';
import { readLines } from '../../system/read-lines.ts';
import { openFolder } from '../node-folders.ts';
import type { ReadingTask, RowLengths } from './messages.ts';

type Task<Kind extends ReadingTask['kind']> = Extract<ReadingTask, { kind: Kind }>;

export async function showOneRow({ modelPath, row, reading, maxLength }: Task<'show'>): Promise<ShownRow> {
  return showRow(row, await loadTokenizer(openFolder(modelPath)), reading, maxLength);
}

const toldEvery = 500;

export async function measureLengths(task: Task<'lengths'>, told: (done: number) => void): Promise<RowLengths> {
  const { modelPath, rowsPath, rows, reading, maxLength, part, of } = task;
  const tokenizer = await loadTokenizer(openFolder(modelPath));
  const count = Math.max(0, Math.ceil((rows - part) / of));
  const lengths: RowLengths = {
    prompt: new Int32Array(count),
    first: new Int32Array(count),
    second: new Int32Array(count),
    fate: new Uint8Array(count),
  };
  let line = -1;
  let at = 0;
  for await (const { bytes } of readLines(rowsPath)) {
    line += 1;
    if (line % of !== part || bytes === null) continue;
    // Written by the workspace for a trainer to read.
    const row = JSON.parse(bytes.toString('utf8')) as DatasetRow;
    const [first, second] = readSides(row, tokenizer, reading, maxLength);
    lengths.prompt[at] = first?.whole.from ?? 0;
    lengths.first[at] = first?.whole.ids.length ?? 0;
    lengths.second[at] = second?.whole.ids.length ?? 0;
    const cut = [first, second].some(
      (side) => side !== undefined && (side.taken?.ids.length ?? 0) < side.whole.ids.length,
    );
    lengths.fate[at] = first?.taken === null ? 2 : cut ? 1 : 0;
    at += 1;
    if (at % toldEvery === 0) told(at);
  }
  return lengths;
}
