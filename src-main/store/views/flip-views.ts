import type { ChoiceVectors, FlipVectors, RepeatedVectors } from '../api.ts';
import { choiceVectors } from './choice-vectors.ts';
import { repeatedVectors } from './repeated-vectors.ts';
import { attemptVectors } from './attempt-vectors.ts';
import { WorkbenchError, assertNever } from '../../shared/domain/errors.ts';
import type { FlipFacets, FlipFilter, FlipRow, FlipSort, FlipView } from '../../shared/domain/flip-view.ts';
import type { ReadableDb } from '../database.ts';
import { sql, value } from '../database.ts';
import type { GuardPairs } from '../queries/guard-sets.ts';
import { loadComparison, readHead, type LoadedComparison } from './comparison.ts';
import { facetsOf } from './facets.ts';
import { failuresOf, knownFirings, knownNumbers, passingRows } from './filter.ts';
import { changeCounts, firstChanges } from './kind-columns.ts';
import type { ChangeCounts } from './kind-columns.ts';
import { neighbours } from './neighbours.ts';
import { keepNewest } from './newest.ts';
import { flipRows, flipTexts } from './rows.ts';
import { sampleDetail } from './sample.ts';
import { sliceCounts, sliceSamples } from './slice-index.ts';
import type { SliceCounts, SliceIndex, SliceSamples } from './slice-index.ts';
import { sortRows } from './sort.ts';
import { readsTexts } from './stated-texts.ts';

/** Comparisons and views the reader keeps; a million pairs take about 60 MB as columns and 4 MB per view. */
const comparisonsKept = 4;
const viewsKept = 24;

interface View {
  comparison: LoadedComparison;
  /** Rows of the comparison, in the order of the table. */
  order: Int32Array;
  verdicts: FlipFilter['verdicts'];
}

/** What would hold this thread up: a search over much text, finding the rows of some slices among very many, counting slices. */
export interface Lacking {
  /** What is searched for in texts: the filter's search, and its statements on prompts, targets and slices. */
  searches: SoughtText[];
  within: boolean;
  slices: boolean;
}

interface SoughtText {
  text: string;
  mode: 'substring' | 'word' | 'statement';
}

export interface Found {
  buildKey: number;
  searches: (SoughtText & { rows: Uint8Array })[];
  within: Uint8Array | null;
  slices: SliceIndex | null;
}

function soughtBy({ search, searchMode = 'substring', where = [] }: FlipFilter): SoughtText[] {
  return [
    ...(search === undefined ? [] : [{ text: search, mode: searchMode }]),
    ...where.filter(readsTexts).map((text) => ({ text, mode: 'statement' as const })),
  ];
}

/** The reader's open lists: an ordered list of rows under a handle, from which windows are cut at any depth. */
export class FlipViews {
  readonly db: ReadableDb;
  readonly #comparisons = new Map<string, LoadedComparison>();
  readonly #views = new Map<string, View>();
  #opened = 0;
  #dataVersion = -1;
  #judgementVersion: number | undefined = undefined;

  constructor(db: ReadableDb) {
    this.db = db;
  }

  open(comparisonId: string, filter: FlipFilter, sort: FlipSort): FlipView {
    const comparison = this.#comparison(comparisonId);
    const order = orderedRows(comparison, filter, sort);
    const viewId = `view-${++this.#opened}`;
    keepNewest(this.#views, viewId, { comparison, order, verdicts: filter.verdicts }, viewsKept);
    return { viewId, total: order.length };
  }

  window(viewId: string, offset: number, limit: number): FlipRow[] {
    const { comparison, order, verdicts } = this.#view(viewId);
    return flipRows(comparison, order.subarray(offset, offset + limit), verdicts);
  }

  position(viewId: string, sampleKey: number): number | null {
    const { comparison, order } = this.#view(viewId);
    const row = comparison.columns.positionOf(sampleKey);
    const at = row < 0 ? -1 : order.indexOf(row);
    return at < 0 ? null : at;
  }

  close(viewId: string): void {
    this.#views.delete(viewId);
  }

  /** Keys on both sides of the selected samples, each once: from a list of keys, or from a whole view in its order. */
  guardPairs(comparisonId: string, selection: { sampleKeys: readonly number[] } | { viewId: string }): GuardPairs {
    const view = 'viewId' in selection ? this.#view(selection.viewId) : null;
    const comparison = view?.comparison ?? this.#comparison(comparisonId);
    if (comparison.id !== comparisonId) throw new WorkbenchError('bad-input', 'This list shows another comparison');
    const { columns } = comparison;
    const rows = view?.order ?? rowsOfSamples(comparison, 'sampleKeys' in selection ? selection.sampleKeys : []);
    const [left, right] = [columns.get('leftKey'), columns.get('rightKey')];
    return { leftKeys: rows.map((row) => left[row] ?? 0), rightKeys: rows.map((row) => right[row] ?? 0) };
  }

  facets(comparisonId: string, filter: FlipFilter): FlipFacets {
    const comparison = this.#comparison(comparisonId);
    return facetsOf(comparison, failuresOf(comparison, filter), filter.verdicts);
  }

  changeCounts(comparisonId: string, filter: FlipFilter): ChangeCounts | null {
    const comparison = this.#comparison(comparisonId);
    return changeCounts(comparison, passingRows(failuresOf(comparison, filter), comparison.rows), filter.verdicts);
  }

  sliceCounts(comparisonId: string, verdicts?: FlipFilter['verdicts']): SliceCounts {
    return sliceCounts(this.#comparison(comparisonId), verdicts);
  }

  sliceSamples(comparisonId: string, verdicts?: FlipFilter['verdicts']): SliceSamples {
    return sliceSamples(this.#comparison(comparisonId), verdicts);
  }

  /** What has to be found in a thread of its own before this thread can be asked. */
  lacks(comparisonId: string, filter: FlipFilter): Lacking {
    const comparison = this.#comparison(comparisonId);
    return {
      searches: soughtBy(filter).filter(({ text, mode }) => comparison.searches.needs(text, mode)),
      within: comparison.sliced.needsWithin(filter.slices ?? []),
      slices: comparison.sliced.needsIndex,
    };
  }

  /** For the threads next to the reader: finds what `lacks` listed. */
  find(comparisonId: string, { slices = [] }: FlipFilter, lacking: Partial<Lacking>): Found {
    const comparison = this.#comparison(comparisonId);
    return {
      buildKey: comparison.columns.buildKey,
      searches: (lacking.searches ?? []).map(({ text, mode }) => {
        return { text, mode, rows: comparison.searches.rows(text, mode).slice() };
      }),
      within: lacking.within === true ? comparison.sliced.within(slices).slice() : null,
      slices: lacking.slices === true ? comparison.sliced.index() : null,
    };
  }

  take(comparisonId: string, { slices = [] }: FlipFilter, found: Found): void {
    const comparison = this.#comparison(comparisonId);
    if (comparison.columns.buildKey !== found.buildKey) return;
    for (const { text, mode, rows } of found.searches) comparison.searches.take(text, mode, rows);
    if (found.within !== null) comparison.sliced.takeWithin(slices, found.within);
    if (found.slices !== null) comparison.sliced.takeIndex(found.slices);
  }

  vectors(comparisonId: string, filter: FlipFilter): FlipVectors {
    const comparison = this.#comparison(comparisonId);
    const { columns } = comparison;
    const rows = passingRows(failuresOf(comparison, filter), comparison.rows);
    return {
      kinds: valuesAt(comparison.kinds(filter.verdicts), rows),
      deltas: valuesAt(columns.get('delta'), rows),
      clusters: valuesAt(columns.get('cluster'), rows),
      sampleKeys: valuesAt(columns.get('leftKey'), rows),
      attempts: attemptVectors(columns, rows),
    };
  }

  repeated(comparisonId: string, filter: FlipFilter): RepeatedVectors | null {
    const comparison = this.#comparison(comparisonId);
    return repeatedVectors(comparison, passingRows(failuresOf(comparison, filter), comparison.rows));
  }

  choices(comparisonId: string, filter: FlipFilter): ChoiceVectors | null {
    const comparison = this.#comparison(comparisonId);
    return choiceVectors(comparison, passingRows(failuresOf(comparison, filter), comparison.rows));
  }

  /** A ready comparison, up to date with what people added to it. */
  comparison(id: string): LoadedComparison {
    return this.#comparison(id);
  }

  #comparison(id: string): LoadedComparison {
    this.#refresh();
    const known = this.#comparisons.get(id);
    const comparison =
      known !== undefined && readHead(this.db, id).build_key === known.columns.buildKey
        ? known
        : loadComparison(this.db, id);
    keepNewest(this.#comparisons, id, comparison, comparisonsKept);
    return comparison;
  }

  #view(viewId: string): View {
    this.#refresh();
    const view = this.#views.get(viewId);
    if (view === undefined) {
      throw new WorkbenchError('not-found', 'This list is no longer open', { remedy: 'Open it again.' });
    }
    if (readHead(this.db, view.comparison.id).build_key !== view.comparison.columns.buildKey) {
      this.#views.delete(viewId);
      throw new WorkbenchError('not-found', 'The comparison was rebuilt meanwhile', {
        remedy: 'Open the list again.',
      });
    }
    keepNewest(this.#views, viewId, view, viewsKept);
    return view;
  }

  /** What people added may have changed since the last look; a run's steps change nothing here. */
  #refresh(): void {
    const dataVersion = value<number>(this.db, { text: 'PRAGMA data_version', values: [] }) ?? 0;
    if (dataVersion === this.#dataVersion) return;
    this.#dataVersion = dataVersion;
    const judgements = value<number>(
      this.db,
      sql`SELECT coalesce(sum(version), 0) FROM change_marks WHERE list IN ('annotations', 'comparisons')`,
    );
    if (judgements === this.#judgementVersion) return;
    this.#judgementVersion = judgements;
    for (const comparison of this.#comparisons.values()) comparison.forgetJudgements();
    for (const { comparison } of this.#views.values()) comparison.forgetJudgements();
  }
}

/** A column's entries at some of its rows, in their order. */
function valuesAt<A extends Uint8Array | Int32Array | Float64Array>(column: A, rows: Int32Array): A {
  // A slice has the column's own type; there are never more rows than entries.
  const values = column.slice(0, rows.length) as A;
  for (let i = 0; i < rows.length; i++) values[i] = column[rows[i] ?? 0] ?? 0;
  return values;
}

function rowsOfSamples(comparison: LoadedComparison, sampleKeys: readonly number[]): Int32Array {
  return Int32Array.from(new Set(sampleKeys), (key) => {
    const row = comparison.columns.positionOf(key);
    if (row < 0) throw new WorkbenchError('not-found', `Sample ${key} is not in this comparison`);
    return row;
  });
}

export function orderedRows(comparison: LoadedComparison, filter: FlipFilter, sort: FlipSort): Int32Array {
  const rows = passingRows(failuresOf(comparison, filter), comparison.rows);
  const keys = sort.column === 'kind' ? comparison.kinds(filter.verdicts) : sortKeys(comparison, sort.column);
  return sortRows(rows, (row) => keys[row] ?? NaN, sort.direction === 'descending');
}

function sortKeys(comparison: LoadedComparison, column: FlipSort['column']): ArrayLike<number> {
  const { columns } = comparison;
  switch (column) {
    case 'sampleId':
      return columns.get('idRank');
    case 'label':
      // Unlabelled ones come last either way.
      return knownNumbers(comparison.judgements().label, 0);
    case 'firing':
      return knownFirings(columns.get('firing'));
    case 'changes':
      return firstChanges(columns.get('appeared'));
    case 'kind':
      return comparison.kinds();
    case 'delta':
    case 'leftScore':
    case 'rightScore':
    case 'length':
      return columns.get(column);
    default:
      return assertNever(column);
  }
}

/** Reads on the open lists, under their names in `Store`. */
export const flipReads = {
  openFlipView: (views: FlipViews, id: string, filter: FlipFilter, sort: FlipSort) => views.open(id, filter, sort),
  flipWindow: (views: FlipViews, viewId: string, offset: number, limit: number) => views.window(viewId, offset, limit),
  /** Position of a sample in a view, or null: keeps the selection through filtering. */
  flipPosition: (views: FlipViews, viewId: string, sampleKey: number) => views.position(viewId, sampleKey),
  closeFlipView: (views: FlipViews, viewId: string) => views.close(viewId),
  flipFacets: (views: FlipViews, id: string, filter: FlipFilter) => views.facets(id, filter),
  flipVectors: (views: FlipViews, id: string, filter: FlipFilter) => views.vectors(id, filter),
  /** Numbers of options and confidences, in the order of `flipVectors`; null if this is not multiple choice. */
  choiceVectors: (views: FlipViews, id: string, filter: FlipFilter) => views.choices(id, filter),
  repeatedVectors: (views: FlipViews, id: string, filter: FlipFilter) => views.repeated(id, filter),
  /** Kind of change → how many pairs of each outcome have it; null if kinds have not been found yet. */
  changeCounts: (views: FlipViews, id: string, filter: FlipFilter) => views.changeCounts(id, filter),
  /** Slice name → counts of kinds, for the largest slices of the comparison. */
  sliceCounts: (views: FlipViews, id: string, verdicts?: FlipFilter['verdicts']) => views.sliceCounts(id, verdicts),
  /** The samples of the same slices, in the same order. */
  sliceSamples: (views: FlipViews, id: string, verdicts?: FlipFilter['verdicts']) => views.sliceSamples(id, verdicts),
  sampleDetail,
  /** Rows with whole texts, in the order of the keys; samples that the comparison lacks are left out. */
  flipTexts: (views: FlipViews, id: string, sampleKeys: readonly number[]) =>
    flipTexts(views.comparison(id), sampleKeys),
  neighbours: (views: FlipViews, id: string, sampleKey: number, limit: number) =>
    neighbours(views.comparison(id), sampleKey, limit),
};
