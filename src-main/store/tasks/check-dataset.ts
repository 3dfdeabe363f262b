import { plainText } from '../../shared/domain/datasets.ts';
import type { DatasetRow } from '../../shared/domain/datasets.ts';
import type { SuiteItem } from '../../shared/domain/evaluations.ts';
import { OverlapIndex } from '../../shared/domain/data/overlap-index.ts';
import { RowScan, wordsOfRow } from '../../shared/domain/data/row-scan.ts';
import type { ScanResult } from '../../shared/domain/data/row-scan.ts';
import type { CheckSettings } from '../../shared/domain/data/check.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ReadableDb } from '../database.ts';
import { all, one, sql, value } from '../database.ts';
import { firstKey, packKey } from '../keys.ts';
import { datasetKey } from '../queries/datasets.ts';
import { suiteKey } from '../queries/suites.ts';

const rowsAtOnce = 500;
/** Rows whose words are kept for the next comparison. */
const keptWords = 20_000;

/** Scans the texts of a dataset. Emits its progress after each batch, and ends when no more is wanted. */
export async function checkDataset(
  db: ReadableDb,
  emit: (done: { fraction: number }) => Promise<void>,
  datasetId: string,
  settings: CheckSettings,
): Promise<ScanResult> {
  const key = datasetKey(db, datasetId);
  const head = one<{ rows: number; kind: DatasetRow['kind'] }>(
    db,
    sql`SELECT rows, kind FROM datasets WHERE dataset_key = ${key}`,
  );
  if (head === undefined) throw new WorkbenchError('not-found', 'This dataset is not in the workspace');
  const overlaps = readEvaluated(db, settings);
  const words = new WordCache((row) => wordsOfRow(readRow(db, packKey(key, row))));
  const scan = new RowScan({
    rows: head.rows,
    kind: head.kind,
    nearThreshold: settings.nearThreshold,
    overlaps,
    wordsOf: (row) => words.of(row),
  });
  for (let from = 0; from < head.rows; from += rowsAtOnce) {
    const batch = all<{ body: string }>(
      db,
      sql`SELECT body FROM dataset_rows WHERE row_key >= ${packKey(key, from)} AND row_key < ${packKey(key, from + rowsAtOnce)}
          ORDER BY row_key`,
    );
    for (const { body } of batch) scan.add(JSON.parse(body) as DatasetRow);
    await emit({ fraction: Math.min(1, (from + rowsAtOnce) / head.rows) });
  }
  return scan.finish();
}

function readRow(db: ReadableDb, key: number): DatasetRow {
  const body = value<string>(db, sql`SELECT body FROM dataset_rows WHERE row_key = ${key}`);
  if (body === undefined) throw new WorkbenchError('corrupt', 'A row of this dataset is missing');
  return JSON.parse(body) as DatasetRow;
}

/** Words of recently used rows; those of other rows are read again. */
class WordCache {
  readonly #read: (row: number) => Int32Array;
  readonly #kept = new Map<number, Int32Array>();

  constructor(read: (row: number) => Int32Array) {
    this.#read = read;
  }

  of(row: number): Int32Array {
    const known = this.#kept.get(row);
    if (known !== undefined) return known;
    const words = this.#read(row);
    if (this.#kept.size >= keptWords) this.#kept.delete(this.#kept.keys().next().value ?? row);
    this.#kept.set(row, words);
    return words;
  }
}

function readEvaluated(db: ReadableDb, { against, overlapThreshold }: CheckSettings): OverlapIndex | null {
  if (against.length === 0) return null;
  const index = new OverlapIndex(overlapThreshold);
  against.forEach(({ kind, id }, source) => {
    if (kind === 'suite') addSuite(db, index, source, suiteKey(db, id));
    else addEvaluation(db, index, source, id);
  });
  return index;
}

function addSuite(db: ReadableDb, index: OverlapIndex, source: number, key: number): void {
  for (let from = 0; ; from += rowsAtOnce) {
    const items = all<{ body: string }>(
      db,
      sql`SELECT body FROM suite_items WHERE item_key >= ${packKey(key, from)} AND item_key < ${packKey(key, from + rowsAtOnce)}
          ORDER BY item_key`,
    );
    for (const { body } of items) {
      const item = JSON.parse(body) as SuiteItem;
      const { prompt, targets } = askedAndWanted(item);
      if (prompt !== '') index.add({ text: prompt, source, id: item.id, part: 'prompt' });
      for (const text of targets) index.add({ text, source, id: item.id, part: 'target' });
    }
    if (items.length < rowsAtOnce) return;
  }
}

function askedAndWanted(item: SuiteItem): { prompt: string; targets: string[] } {
  switch (item.kind) {
    case 'pairs':
      return { prompt: plainText(item.prompt), targets: [plainText(item.chosen), plainText(item.rejected)] };
    case 'cloze':
      return { prompt: item.prompt, targets: [item.target] };
    case 'words':
      return { prompt: item.prompt ?? '', targets: [item.text] };
    case 'choice':
      return { prompt: plainText(item.prompt), targets: item.options };
    case 'generate':
      return { prompt: plainText(item.prompt), targets: item.target === undefined ? [] : [item.target] };
  }
}

interface SampleRow {
  sample_key: number;
  external_id: string;
  prompt: string;
  target: string | null;
}

function addEvaluation(db: ReadableDb, index: OverlapIndex, source: number, id: string): void {
  const key = value<number>(db, sql`SELECT evaluation_key FROM evaluations WHERE id = ${id} AND state = 'ready'`);
  if (key === undefined) throw new WorkbenchError('not-found', 'This evaluation is not in the workspace');
  for (let after = firstKey(key) - 1; ;) {
    const rows = all<SampleRow & { score_key: number }>(
      db,
      sql`SELECT x.score_key, s.sample_key, s.external_id, t.prompt, t.target FROM scores x
          JOIN samples s ON s.sample_key = x.score_key % 2147483648 JOIN sample_texts t ON t.sample_key = s.sample_key
          WHERE x.score_key > ${after} AND x.score_key < ${firstKey(key + 1)} ORDER BY x.score_key LIMIT ${rowsAtOnce}`,
    );
    for (const { external_id: sample, prompt, target } of rows) {
      if (prompt !== '') index.add({ text: prompt, source, id: sample, part: 'prompt' });
      if (target !== null) index.add({ text: target, source, id: sample, part: 'target' });
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < rowsAtOnce) return;
    after = last.score_key;
  }
}
