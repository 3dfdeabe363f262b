import type { FlipFilter, FlipSort } from '@shared/domain/flip-view.ts';
import { flipSortColumns } from '@shared/domain/flip-view.ts';
import type { FlipKind } from '@shared/domain/flips.ts';
import { flipKinds } from '@shared/domain/flips.ts';
import { parseStatement } from '@shared/domain/kinds/statements.ts';

/** What the flip browser shows: the part of its state that back, forward, reload and saved filters bring back. */
export interface FlipBrowserState {
  filter: FlipFilter;
  sort: FlipSort;
  /** `sampleKey` of the sample that is open. */
  sample: number | null;
}
type Range = [number | null, number | null];
/** A router's query: absent, once, or several times. */
export type Query = Record<string, string | null | undefined | (string | null)[]>;

/** The worst first: what one comes for. */
export const defaultState: FlipBrowserState = {
  filter: { kinds: ['negative'] },
  sort: { column: 'delta', direction: 'ascending' },
  sample: null,
};

/** The state as query parameters; what equals the default is left out, so that a fresh address is short. */
export function toQuery(state: FlipBrowserState): Record<string, string | string[]> {
  const { filter, sort } = state;
  const query: Record<string, string | string[]> = {};
  const kinds = filter.kinds?.join(',') ?? 'all';
  if (kinds !== 'negative') query['kind'] = kinds;
  if (filter.changes?.length) query['change'] = filter.changes.join(',');
  if (filter.slices?.length) query['slice'] = filter.slices;
  if (filter.tags?.length) query['tag'] = filter.tags;
  if (filter.where?.length) query['where'] = filter.where;
  if (filter.labels?.length) query['label'] = filter.labels.join(',');
  if (filter.reviewed !== undefined) query['reviewed'] = filter.reviewed ? 'yes' : 'no';
  if (filter.trained !== undefined) query['trained'] = filter.trained;
  if (filter.corrected !== undefined) query['corrected'] = filter.corrected ? 'yes' : 'no';
  if (filter.verdicts === 'as-evaluated') query['verdicts'] = 'as-evaluated';
  if (filter.search) query['q'] = filter.search;
  if (filter.searchMode === 'word') query['match'] = 'word';
  if (filter.delta) query['delta'] = rangeText(filter.delta);
  if (filter.length) query['length'] = rangeText(filter.length);
  if (filter.firing) query['firing'] = rangeText(filter.firing);
  if (filter.stability?.length) query['stability'] = filter.stability.join(',');
  const sortText = `${sort.direction === 'descending' ? '-' : ''}${sort.column}`;
  if (sortText !== 'delta') query['sort'] = sortText;
  if (state.sample !== null) query['sample'] = String(state.sample);
  return query;
}

/** Reads a query; parts that do not fit are passed over, since people edit addresses by hand. */
export function fromQuery(query: Query): FlipBrowserState {
  const filter: FlipFilter = {};
  const kinds = kindsOf(one(query['kind']));
  if (kinds !== undefined) filter.kinds = kinds;
  const changes = list(query['change']).filter((name) => name !== '');
  if (changes.length > 0) filter.changes = changes;
  const slices = many(query['slice']);
  if (slices.length > 0) filter.slices = slices;
  const tags = many(query['tag']);
  if (tags.length > 0) filter.tags = tags;
  const where = many(query['where']).filter((text) => parseStatement(text) !== null);
  if (where.length > 0) filter.where = where;
  const labels = list(query['label']).map(Number).filter(isLabel);
  if (labels.length > 0) filter.labels = labels;
  const reviewed = one(query['reviewed']);
  if (reviewed === 'yes' || reviewed === 'no') filter.reviewed = reviewed === 'yes';
  const trained = one(query['trained']);
  if (trained === 'only' || trained === 'without') filter.trained = trained;
  const corrected = one(query['corrected']);
  if (corrected === 'yes' || corrected === 'no') filter.corrected = corrected === 'yes';
  if (one(query['verdicts']) === 'as-evaluated') filter.verdicts = 'as-evaluated';
  const search = one(query['q']);
  if (search) filter.search = search;
  if (one(query['match']) === 'word') filter.searchMode = 'word';
  for (const name of ['delta', 'length', 'firing'] as const) {
    const range = rangeOf(one(query[name]));
    if (range !== null) filter[name] = range;
  }
  const stability = list(query['stability']).filter((value) => value === 'solid' || value === 'flaky');
  if (stability.length > 0) filter.stability = stability;
  const sample = one(query['sample']);
  return { filter, sort: sortOf(one(query['sort'])), sample: sample && /^\d+$/.test(sample) ? Number(sample) : null };
}

/** The query as one line of text, for saved filters; the open sample is not part of it. */
export function toQueryText(state: FlipBrowserState): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(toQuery({ ...state, sample: null }))) {
    for (const entry of [value].flat()) parameters.append(name, entry);
  }
  return parameters.toString();
}

export function fromQueryText(text: string): FlipBrowserState {
  const parameters = new URLSearchParams(text);
  return fromQuery(Object.fromEntries([...new Set(parameters.keys())].map((name) => [name, parameters.getAll(name)])));
}

function kindsOf(text: string | null): FlipKind[] | undefined {
  if (text === null) return ['negative'];
  const kinds = text.split(',').filter((kind): kind is FlipKind => flipKinds.includes(kind as FlipKind));
  return kinds.length > 0 ? kinds : undefined;
}

function sortOf(text: string | null): FlipSort {
  const column = flipSortColumns.find((name) => name === text?.replace(/^-/, ''));
  if (text === null || column === undefined) return defaultState.sort;
  return { column, direction: text.startsWith('-') ? 'descending' : 'ascending' };
}

/** “−0.5..2”, either end open. */
function rangeText([low, high]: Range): string {
  return `${end(low)}..${end(high)}`;
}

/** Six significant digits: what a hand can choose, and an address that can be read. */
function end(value: number | null): string {
  return value === null ? '' : String(Number(value.toPrecision(6)));
}

function rangeOf(text: string | null): Range | null {
  const [low, high, ...rest] = text?.split('..') ?? [];
  if (low === undefined || high === undefined || rest.length > 0) return null;
  const range: Range = [low === '' ? null : Number(low), high === '' ? null : Number(high)];
  return range.some((end) => Number.isNaN(end)) || (range[0] === null && range[1] === null) ? null : range;
}

function one(value: Query[string]): string | null {
  return many(value)[0] ?? null;
}

function many(value: Query[string]): string[] {
  return [value].flat().filter((entry): entry is string => typeof entry === 'string');
}

function list(value: Query[string]): string[] {
  return one(value)?.split(',') ?? [];
}

function isLabel(value: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= 6;
}
