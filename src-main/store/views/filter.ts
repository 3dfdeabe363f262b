import type { FlipFilter } from '../../shared/domain/flip-view.ts';
import { flipKinds } from '../../shared/domain/flips.ts';
import type { LoadedComparison } from './comparison.ts';
import { tagKeys } from './tags.ts';
import { stabilities } from './columns.ts';
import { changeBits } from './kind-columns.ts';
import { statementTest } from './statement-rows.ts';

/** The parts of a filter. Each row carries one bit for each part that it fails, so that every facet can leave its own part out. */
export const filterParts = [
  'kinds',
  'slices',
  'tags',
  'labels',
  'reviewed',
  'corrected',
  'search',
  'delta',
  'length',
  'firing',
  'stability',
  'changes',
  'trained',
  'where',
] as const;
export type FilterPart = (typeof filterParts)[number];

export function bitOf(part: FilterPart): number {
  return 1 << filterParts.indexOf(part);
}

/** For each row, the parts it fails; 0 = passes. Null = no filter at all. */
export type Failures = Uint16Array | null;

export function failuresOf(comparison: LoadedComparison, filter: FlipFilter): Failures {
  const tests = testsOf(comparison, filter);
  if (tests.length === 0) return null;
  const failures = new Uint16Array(comparison.rows);
  for (const { part, passes } of tests) {
    const bit = bitOf(part);
    for (let row = 0; row < failures.length; row++) if (!passes(row)) failures[row]! |= bit;
  }
  return failures;
}

/** Rows that pass, ascending. */
export function passingRows(failures: Failures, rows: number): Int32Array {
  const passing = new Int32Array(rows);
  let count = 0;
  for (let row = 0; row < rows; row++) if (failures === null || failures[row] === 0) passing[count++] = row;
  return passing.slice(0, count);
}

interface Test {
  part: FilterPart;
  passes: (row: number) => boolean;
}

/** An empty list narrows nothing. */
function testsOf(comparison: LoadedComparison, filter: FlipFilter): Test[] {
  const { columns } = comparison;
  const tests: Test[] = [];
  const add = (part: FilterPart, passes: (row: number) => boolean): void => void tests.push({ part, passes });
  if (asks(filter.kinds)) {
    const wanted = flipKinds.map((kind) => filter.kinds?.includes(kind) ?? false);
    const kind = comparison.kinds(filter.verdicts);
    add('kinds', (row) => wanted[kind[row] ?? 0] ?? false);
  }
  if (asks(filter.slices)) {
    const inSlices = comparison.sliced.within(filter.slices);
    add('slices', (row) => inSlices[row] === 1);
  }
  if (asks(filter.tags)) {
    const wanted = tagKeys(comparison.db, filter.tags);
    const tags = comparison.tags();
    add('tags', (row) => tags.get(row)?.some((tag) => wanted.has(tag)) ?? false);
  }
  if (asks(filter.labels)) {
    const wanted = new Set(filter.labels);
    const { label } = comparison.judgements();
    add('labels', (row) => wanted.has(label[row] ?? 0));
  }
  if (filter.reviewed !== undefined) {
    const wanted = filter.reviewed ? 1 : 0;
    const { reviewed } = comparison.judgements();
    add('reviewed', (row) => reviewed[row] === wanted);
  }
  if (filter.corrected !== undefined) {
    const wanted = filter.corrected;
    const { corrections } = comparison.judgements();
    add('corrected', (row) => corrections.has(row) === wanted);
  }
  if (filter.search !== undefined && filter.search.trim() !== '') {
    const found = comparison.searches.rows(filter.search, filter.searchMode ?? 'substring');
    add('search', (row) => found[row] === 1);
  }
  if (filter.delta !== undefined) addRange(add, 'delta', columns.get('delta'), filter.delta);
  if (filter.length !== undefined) addRange(add, 'length', columns.get('length'), filter.length);
  if (filter.firing !== undefined) addRange(add, 'firing', knownFirings(columns.get('firing')), filter.firing);
  if (asks(filter.stability)) {
    const wanted = new Set(filter.stability.map((name) => stabilities.indexOf(name) + 1));
    const stability = columns.get('stability');
    add('stability', (row) => wanted.has(stability[row] ?? 0));
  }
  if (asks(filter.changes)) {
    const wanted = changeBits(filter.changes, comparison.ownKinds() ?? []);
    const [appeared, gone] = [columns.get('appeared'), columns.get('gone')];
    add('changes', (row) => ((appeared[row] ?? 0) & wanted.appeared) !== 0 || ((gone[row] ?? 0) & wanted.gone) !== 0);
  }
  if (filter.trained !== undefined) {
    const wanted = filter.trained === 'only' ? 1 : 0;
    const trained = comparison.trained();
    add('trained', (row) => trained[row] === wanted);
  }
  if (asks(filter.where)) {
    const stated = filter.where.map((statement) => statementTest(comparison, statement));
    add('where', (row) => stated.every((holds) => holds(row)));
  }
  return tests;
}

function asks<T>(list: readonly T[] | undefined): list is readonly T[] {
  return list !== undefined && list.length > 0;
}

type Range = readonly [number | null, number | null];

/** Inclusive; a row without the number passes only when both ends are open. */
function addRange(
  add: (part: FilterPart, passes: (row: number) => boolean) => void,
  part: FilterPart,
  column: ArrayLike<number>,
  [from, to]: Range,
): void {
  if (from === null && to === null) return;
  const least = from ?? -Infinity;
  const greatest = to ?? Infinity;
  add(part, (row) => {
    const number = column[row] ?? NaN;
    return number >= least && number <= greatest;
  });
}

/** Numbers in which one value means “none”: it becomes NaN, which no range contains and every order puts last. */
export function knownNumbers(column: Int32Array | Uint8Array, none: number): Float64Array {
  const numbers = Float64Array.from(column);
  for (let row = 0; row < numbers.length; row++) if (numbers[row] === none) numbers[row] = NaN;
  return numbers;
}

/** How often the guard fired; −1, for not known, becomes NaN. */
export function knownFirings(column: Int32Array): Float64Array {
  return knownNumbers(column, -1);
}
