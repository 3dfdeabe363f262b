import type { FacetValue, FlipFacets, FlipFilter, HistogramBin } from '../../shared/domain/flip-view.ts';
import { flipKinds } from '../../shared/domain/flips.ts';
import { nameOf } from '../queries/names.ts';
import type { LoadedComparison } from './comparison.ts';
import { stabilities } from './columns.ts';
import type { Failures, FilterPart } from './filter.ts';
import { bitOf, knownFirings } from './filter.ts';
import { namesOfChanges } from './kind-columns.ts';

/** The most values that a facet lists, most frequent first. */
const longestFacet = 500;
const histogramBins = 24;

/** A count and how many of it are negative flips. */
interface Tally {
  count: number;
  negative: number;
}

/** Counts under the filter; each facet ignores its own part of it. */
export function facetsOf(
  comparison: LoadedComparison,
  failures: Failures,
  verdicts?: FlipFilter['verdicts'],
): FlipFacets {
  const { columns } = comparison;
  const kind = comparison.kinds(verdicts);
  const negativeCode = flipKinds.indexOf('negative');
  const pass = (part: FilterPart, visit: (row: number, negative: number) => void): void => {
    const others = 0xffff ^ bitOf(part);
    for (let row = 0; row < comparison.rows; row++) {
      if (failures !== null && ((failures[row] ?? 0) & others) !== 0) continue;
      visit(row, kind[row] === negativeCode ? 1 : 0);
    }
  };
  const byCode = (part: FilterPart, codes: ArrayLike<number>): Map<number, Tally> => {
    const tallies = new Map<number, Tally>();
    pass(part, (row, negative) => count(tallies, codes[row] ?? 0, negative));
    return tallies;
  };
  const histogram = (part: FilterPart, numbers: ArrayLike<number>): HistogramBin[] => {
    const bins = emptyBins(numbers, comparison.rows);
    pass(part, (row, negative) => addToBins(bins, numbers[row] ?? NaN, negative));
    return bins;
  };
  return {
    matching: passing(failures, comparison.rows),
    kinds: values(byCode('kinds', kind), (code) => flipKinds[code] ?? ''),
    slices: sliceValues(comparison, byCode('slices', columns.get('sliceSet'))),
    slicesLeftOut: comparison.sliced.index().leftOut,
    tags: tagValues(comparison, pass),
    labels: values(withoutZero(byCode('labels', comparison.judgements().label)), String),
    stability: values(
      withoutZero(byCode('stability', columns.get('stability'))),
      (code) => stabilities[code - 1] ?? '',
    ),
    corrected: correctedValues(comparison, pass),
    changes: changeValues(comparison, pass),
    trained: trainedValues(comparison, pass),
    delta: histogram('delta', columns.get('delta')),
    length: histogram('length', columns.get('length')),
    firing: histogram('firing', knownFirings(columns.get('firing'))),
  };
}

/** Rows that fail no part of the filter. */
function passing(failures: Failures, rows: number): number {
  if (failures === null) return rows;
  let passed = 0;
  for (let row = 0; row < rows; row++) if (failures[row] === 0) passed += 1;
  return passed;
}

function count<K>(tallies: Map<K, Tally>, key: K, negative: number, times = 1): void {
  const tally = tallies.get(key);
  if (tally === undefined) tallies.set(key, { count: times, negative });
  else {
    tally.count += times;
    tally.negative += negative;
  }
}

function values<K>(tallies: Map<K, Tally>, nameOfKey: (key: K) => string): FacetValue[] {
  return [...tallies]
    .map(([key, tally]) => ({ value: nameOfKey(key), ...tally }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
    .slice(0, longestFacet);
}

function withoutZero(tallies: Map<number, Tally>): Map<number, Tally> {
  tallies.delete(0);
  return tallies;
}

/** A sample in two slices counts in both. */
function sliceValues(comparison: LoadedComparison, bySet: Map<number, Tally>): FacetValue[] {
  const { names, sets } = comparison.sliced.index();
  const bySlice = new Map<number, Tally>();
  for (const [set, tally] of bySet) {
    for (const slice of sets.get(set) ?? []) count(bySlice, slice, tally.negative, tally.count);
  }
  return values(bySlice, (slice) => names[slice] ?? '');
}

function tagValues(
  comparison: LoadedComparison,
  pass: (part: FilterPart, visit: (row: number, negative: number) => void) => void,
): FacetValue[] {
  const tags = comparison.tags();
  if (tags.size === 0) return [];
  const tallies = new Map<number, Tally>();
  pass('tags', (row, negative) => {
    for (const tag of tags.get(row) ?? []) count(tallies, tag, negative);
  });
  return values(tallies, (tag) => nameOf(comparison.db, tag) ?? '');
}

function correctedValues(
  comparison: LoadedComparison,
  pass: (part: FilterPart, visit: (row: number, negative: number) => void) => void,
): FacetValue[] {
  const { corrections } = comparison.judgements();
  if (corrections.size === 0) return [];
  const tallies = new Map<string, Tally>([['yes', { count: 0, negative: 0 }]]);
  pass('corrected', (row, negative) => {
    if (corrections.has(row)) count(tallies, 'yes', negative);
  });
  return values(tallies, (value) => value);
}

function trainedValues(
  comparison: LoadedComparison,
  pass: (part: FilterPart, visit: (row: number, negative: number) => void) => void,
): FacetValue[] {
  const trained = comparison.trained();
  if (!trained.includes(1)) return [];
  const tallies = new Map<string, Tally>([['yes', { count: 0, negative: 0 }]]);
  pass('trained', (row, negative) => {
    if (trained[row] === 1) count(tallies, 'yes', negative);
  });
  return values(tallies, (value) => value);
}

/** A pair with two kinds counts in both. */
function changeValues(
  comparison: LoadedComparison,
  pass: (part: FilterPart, visit: (row: number, negative: number) => void) => void,
): FacetValue[] {
  const own = comparison.ownKinds();
  if (own === null) return [];
  const [appeared, gone] = [comparison.columns.get('appeared'), comparison.columns.get('gone')];
  const tallies = new Map<string, Tally>();
  pass('changes', (row, negative) => {
    if (appeared[row] === 0 && gone[row] === 0) return;
    for (const name of namesOfChanges(appeared[row] ?? 0, gone[row] ?? 0, own)) count(tallies, name, negative);
  });
  return values(tallies, (name) => name);
}

/** Bins span all rows of the comparison, so that they stay put while the filter changes. Empty when no row has the number. */
function emptyBins(numbers: ArrayLike<number>, rows: number): HistogramBin[] {
  let least = Infinity;
  let greatest = -Infinity;
  for (let row = 0; row < rows; row++) {
    const number = numbers[row] ?? NaN;
    if (!Number.isFinite(number)) continue;
    if (number < least) least = number;
    if (number > greatest) greatest = number;
  }
  if (least > greatest) return [];
  if (least === greatest) return [{ from: least, to: greatest, count: 0, negative: 0 }];
  const width = (greatest - least) / histogramBins;
  return Array.from({ length: histogramBins }, (_, i) => ({
    from: least + i * width,
    to: i === histogramBins - 1 ? greatest : least + (i + 1) * width,
    count: 0,
    negative: 0,
  }));
}

function addToBins(bins: HistogramBin[], number: number, negative: number): void {
  const first = bins[0];
  const last = bins.at(-1);
  if (first === undefined || last === undefined || !Number.isFinite(number)) return;
  const span = last.to - first.from;
  const at = span === 0 ? 0 : Math.min(bins.length - 1, Math.floor(((number - first.from) / span) * bins.length));
  const bin = bins[at];
  if (bin === undefined) return;
  bin.count++;
  bin.negative += negative;
}
