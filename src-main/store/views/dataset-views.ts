import type { DatasetRow } from '../../shared/domain/datasets.ts';
import { findingsOf } from '../../shared/domain/data/findings.ts';
import { rowTexts } from '../../shared/domain/data/row-texts.ts';
import type { ListedRow, RowFilter, RowSort, RowViewHandle } from '../../shared/domain/data/row-view.ts';
import type { RowScores } from '../../shared/domain/data/row-scores.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { previewCharacters } from '../../shared/domain/flip-view.ts';
import type { ReadableDb } from '../database.ts';
import { one, sql, value } from '../database.ts';
import { packKey } from '../keys.ts';
import { datasetKey } from '../queries/datasets.ts';
import { rowScoreAbout } from '../queries/row-scores.ts';
import { indexedFrom, rowsIndexedTo } from '../queries/row-index.ts';
import { preview } from '../texts.ts';
import { keepNewest } from './newest.ts';
import { filterRows, markedRows, openRowSource, sortRowPlaces } from './row-selection.ts';
import type { RowSource } from './row-selection.ts';

const viewsKept = 8;

interface View {
  source: RowSource;
  /** Places of rows, in the order of the list. */
  order: Int32Array;
}

/** The reader's open lists of rows: an order under a handle, from which windows are cut at any depth. */
export class DatasetViews {
  readonly #db: ReadableDb;
  readonly #views = new Map<string, View>();
  #opened = 0;

  constructor(db: ReadableDb) {
    this.#db = db;
  }

  open(datasetId: string, filter: RowFilter, sort: RowSort): RowViewHandle {
    return this.adopt(datasetId, this.order(datasetId, filter, sort));
  }

  /** Places of the rows that pass, in order. Slow with many rows: then it runs in a thread next to the reader. */
  order(datasetId: string, filter: RowFilter, sort: RowSort): Int32Array {
    const source = openRowSource(this.#db, datasetKey(this.#db, datasetId));
    return sortRowPlaces(source, filterRows(source, filter), sort);
  }

  /** Whether building the list would hold up this thread's other callers. */
  needsThread(datasetId: string, filter: RowFilter, sort: RowSort): boolean {
    const whole = sort.column === 'row' && Object.values(filter).every((part) => part === undefined);
    return !whole && openRowSource(this.#db, datasetKey(this.#db, datasetId)).rows >= indexedFrom;
  }

  /** Opens a list that was built here or in another thread. */
  adopt(datasetId: string, order: Int32Array): RowViewHandle {
    const key = datasetKey(this.#db, datasetId);
    const source = openRowSource(this.#db, key);
    const viewId = `rows-${++this.#opened}`;
    keepNewest(this.#views, viewId, { source, order }, viewsKept);
    const kind = value<RowViewHandle['kind']>(this.#db, sql`SELECT kind FROM datasets WHERE dataset_key = ${key}`);
    const indexed = rowsIndexedTo(this.#db, key) - packKey(key, 0) + 1;
    const unindexed = source.rows < indexedFrom ? 0 : Math.max(0, source.rows - Math.max(0, indexed));
    return {
      viewId,
      total: order.length,
      kind: kind ?? 'preference',
      unindexed,
      scores: [...source.scores.keys()],
      margins: rowScoreAbout(this.#db, key, 'mislabelled')?.margins ?? null,
    };
  }

  window(viewId: string, offset: number, limit: number): ListedRow[] {
    const view = this.#views.get(viewId);
    if (view === undefined) {
      throw new WorkbenchError('not-found', 'This list was closed', { remedy: 'Open it again.' });
    }
    const marked = markedRows(this.#db, view.source.key);
    return Array.from(view.order.subarray(offset, offset + limit), (row) => this.#row(view.source, row, marked));
  }

  close(viewId: string): void {
    this.#views.delete(viewId);
  }

  #row({ key, check, scores }: RowSource, row: number, marked: ReadonlySet<number>): ListedRow {
    const body = one<{ body: string }>(
      this.#db,
      sql`SELECT body FROM dataset_rows WHERE row_key = ${packKey(key, row)}`,
    )?.body;
    if (body === undefined) throw new WorkbenchError('not-found', 'This dataset was deleted');
    const read = JSON.parse(body) as DatasetRow;
    const { prompt, answers } = rowTexts(read);
    const known = [...scores].flatMap(([name, values]): [string, number][] => {
      const score = values()[row] ?? NaN;
      return Number.isNaN(score) ? [] : [[name, score]];
    });
    const like = check?.column('like')[row] ?? -1;
    const [first, second] = [check?.column('first')[row], check?.column('second')[row]];
    return {
      number: row + 1,
      id: read.id,
      prompt: preview(prompt, previewCharacters),
      answers: answers.map((answer) => preview(answer, previewCharacters)),
      tags: read.tags ?? [],
      marked: marked.has(row),
      scores: Object.fromEntries(known) as RowScores,
      findings: check === null ? [] : findingsOf(check.column('flags')[row] ?? 0),
      like: like < 0 ? null : like + 1,
      lengths:
        check === null
          ? null
          : {
              prompt: check.column('prompt')[row] ?? 0,
              answers: [first, second].slice(0, answers.length).map((length) => length ?? 0),
            },
    };
  }
}

/** Reads on the open views. */
export const datasetViewReads = {
  openDatasetView: (views: DatasetViews, datasetId: string, filter: RowFilter, sort: RowSort) =>
    views.open(datasetId, filter, sort),
  datasetWindow: (views: DatasetViews, viewId: string, offset: number, limit: number) =>
    views.window(viewId, offset, limit),
  closeDatasetView: (views: DatasetViews, viewId: string) => views.close(viewId),
};
