import { hash } from 'node:crypto';
import { maskOf } from '../../shared/domain/data/findings.ts';
import { rowScoreNames, rowScores } from '../../shared/domain/data/row-scores.ts';
import type { RowScoreName } from '../../shared/domain/data/row-scores.ts';
import { needsCheck } from '../../shared/domain/data/row-view.ts';
import type { RowFilter, RowSort, VersionStep } from '../../shared/domain/data/row-view.ts';
import { scriptNames } from '../../shared/domain/data/templates.ts';
import { assertNever, WorkbenchError } from '../../shared/domain/errors.ts';
import type { ReadableDb } from '../database.ts';
import { each, sql, value } from '../database.ts';
import { firstKey, memberOf } from '../keys.ts';
import { loadCheck } from '../queries/dataset-checks.ts';
import type { LoadedCheck } from '../queries/dataset-checks.ts';
import { rowScoreColumn, rowScoreNamesOf } from '../queries/row-scores.ts';
import { searchDatasetRows } from './row-search.ts';

/** A dataset and its newest check: what lists and versions select rows from. */
export interface RowSource {
  db: ReadableDb;
  key: number;
  rows: number;
  check: LoadedCheck | null;
  /** Scores by name, each read when it is first asked for. */
  scores: ReadonlyMap<RowScoreName, () => Float64Array>;
}

export function openRowSource(db: ReadableDb, key: number): RowSource {
  const rows = value<number>(db, sql`SELECT rows FROM datasets WHERE dataset_key = ${key}`) ?? 0;
  return { db, key, rows, check: loadCheck(db, key, null), scores: scoresOf(db, key) };
}

function scoresOf(db: ReadableDb, key: number): RowSource['scores'] {
  const read = new Map<RowScoreName, Float64Array>();
  return new Map(
    rowScoreNamesOf(db, key).map((name) => [
      name,
      () => {
        const values = read.get(name) ?? rowScoreColumn(db, key, name) ?? new Float64Array(0);
        read.set(name, values);
        return values;
      },
    ]),
  );
}

function requireScore({ scores }: RowSource, name: RowScoreName): Float64Array {
  const read = scores.get(name);
  if (read !== undefined) return read();
  throw new WorkbenchError('conflict', `The rows have no score “${rowScores[name].label}” yet.`, {
    remedy:
      name === 'mislabelled'
        ? 'flipguard dataset check NAME --model MODEL --margins measures it.'
        : 'flipguard suspects RUN computes it; add --ches for the score that needs the model.',
  });
}

/** Places of the rows that pass, ascending. */
export function filterRows(source: RowSource, filter: RowFilter): Int32Array {
  const tests = testsOf(source, filter);
  const passing = new Int32Array(source.rows);
  let count = 0;
  for (let row = 0; row < source.rows; row++) if (passes(tests, row)) passing[count++] = row;
  return count === source.rows ? passing : passing.slice(0, count);
}

/** A loop, because `every` would take a million closures. */
function passes(tests: readonly Test[], row: number): boolean {
  for (const test of tests) if (!test(row)) return false;
  return true;
}

export function sortRowPlaces(source: RowSource, places: Int32Array, { column, direction }: RowSort): Int32Array {
  if (column === 'row') return direction === 'ascending' ? places : places.toReversed();
  const sign = direction === 'ascending' ? 1 : -1;
  if (isRowScore(column)) {
    const scores = requireScore(source, column);
    // Rows without a score come last in either direction.
    const rank = (row: number) => (Number.isNaN(scores[row]) ? Infinity : sign * (scores[row] ?? 0));
    return places.toSorted((a, b) => compare(rank(a), rank(b)) || a - b);
  }
  const check = requireCheck(source);
  const names = { prompt: 'prompt', response: 'first', rejected: 'second', difference: 'difference' } as const;
  return sortedByNumber(places, check.column(names[column]), sign, source.rows);
}

/** Packs value and place into one number, which sorts without a call per comparison: a million rows in a tenth of the time. */
function sortedByNumber(places: Int32Array, values: Int32Array, sign: number, rows: number): Int32Array {
  // Whole numbers below 2^31 times places below 2^21 are exact in a double; with more rows, values are compared in pairs.
  if (rows > 2 ** 21) return places.toSorted((a, b) => sign * ((values[a] ?? 0) - (values[b] ?? 0)) || a - b);
  const keys = Float64Array.from(places, (row) => sign * (values[row] ?? 0) * rows + row).sort();
  return Int32Array.from(keys, (key) => (key < 0 ? (key % rows) + rows : key) % rows);
}

function isRowScore(column: RowSort['column']): column is RowScoreName {
  return rowScoreNames.some((name) => name === column);
}

/** Not by subtraction: the difference of two infinities is NaN. */
function compare(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

type Test = (row: number) => boolean;

function testsOf(source: RowSource, filter: RowFilter): Test[] {
  const { db, key, rows } = source;
  const tests: Test[] = [];
  if (needsCheck(filter)) tests.push(...checkTests(requireCheck(source), filter));
  if (filter.tags !== undefined && filter.tags.length > 0) tests.push(tagTest(requireCheck(source), filter.tags));
  if (filter.search !== undefined) {
    const found = searchDatasetRows(db, key, rows, filter.search);
    if (found !== null) tests.push((row) => found[row] === 1);
  }
  if (filter.marked !== undefined) {
    const marked = markedRows(db, key);
    tests.push((row) => marked.has(row) === filter.marked);
  }
  for (const name of rowScoreNames) {
    const range = filter.scores?.[name];
    if (range === undefined) continue;
    const scores = requireScore(source, name);
    const [least, most] = [range[0] ?? -Infinity, range[1] ?? Infinity];
    tests.push((row) => (scores[row] ?? NaN) >= least && (scores[row] ?? NaN) <= most);
  }
  if (filter.ids !== undefined) {
    const places = placesOf(db, key, filter.ids);
    tests.push((row) => places.has(row));
  }
  return tests;
}

function checkTests(check: LoadedCheck, filter: RowFilter): Test[] {
  const tests: Test[] = [];
  const { findings = [], without = [], scripts = [] } = filter;
  if (findings.length + without.length > 0) {
    const flags = check.column('flags');
    const [wanted, unwanted] = [maskOf(findings), maskOf(without)];
    tests.push((row) => {
      const flag = flags[row] ?? 0;
      return (wanted === 0 || (flag & wanted) !== 0) && (flag & unwanted) === 0;
    });
  }
  if (scripts.length > 0) {
    const column = check.column('script');
    const wanted = new Set(scripts.map((name) => scriptNames.indexOf(name)));
    tests.push((row) => wanted.has(column[row] ?? -1));
  }
  for (const [name, range] of [
    ['prompt', filter.prompt],
    ['first', filter.response],
    ['second', filter.rejected],
    ['difference', filter.difference],
  ] as const) {
    if (range === undefined) continue;
    const values = check.column(name);
    const [least, most] = [range[0] ?? -Infinity, range[1] ?? Infinity];
    tests.push((row) => (values[row] ?? 0) >= least && (values[row] ?? 0) <= most);
  }
  return tests;
}

function tagTest(check: LoadedCheck, tags: readonly string[]): Test {
  const wanted = check.tagSets.map((set) => set.some((tag) => tags.includes(tag)));
  const column = check.column('tags');
  return (row) => wanted[column[row] ?? -1] ?? false;
}

function requireCheck({ check }: RowSource): LoadedCheck {
  if (check !== null) return check;
  throw new WorkbenchError('conflict', 'Findings, tags and lengths are known once the dataset has been checked.', {
    remedy: 'Check it first: flipguard dataset check, or Check in its view.',
  });
}

export function markedRows(db: ReadableDb, key: number): Set<number> {
  const marked = new Set<number>();
  for (const { row_key: row } of each<{ row_key: number }>(
    db,
    sql`SELECT row_key FROM marked_rows WHERE row_key >= ${firstKey(key)} AND row_key < ${firstKey(key + 1)}`,
  )) {
    marked.add(memberOf(row));
  }
  return marked;
}

function placesOf(db: ReadableDb, key: number, ids: readonly string[]): Set<number> {
  const places = new Set<number>();
  for (const id of ids) {
    const row = value<number>(db, sql`SELECT row_key FROM dataset_rows WHERE dataset_key = ${key} AND row_id = ${id}`);
    if (row !== undefined) places.add(memberOf(row));
  }
  return places;
}

/** Rows that a version keeps, in the dataset's order. The same step on the same rows keeps the same ones on any machine. */
export function rowsOfStep(source: RowSource, step: VersionStep): Int32Array {
  switch (step.do) {
    case 'keep-only':
      return filterRows(source, step.where);
    case 'leave-out': {
      const left = new Set(filterRows(source, step.where));
      return Int32Array.from({ length: source.rows }, (_, row) => row).filter((row) => !left.has(row));
    }
    case 'sample': {
      const ranked = ranks(source, step.seed, 'row_id');
      return Int32Array.from(ranked.slice(0, step.rows).flatMap(({ rows }) => rows)).sort();
    }
    case 'split':
      return splitRows(source, step);
    default:
      return assertNever(step);
  }
}

/** Takes prompts in the order of their hash until the first part has its share of rows; the rest is the other part. */
function splitRows(source: RowSource, { share, seed, part }: Extract<VersionStep, { do: 'split' }>): Int32Array {
  const wanted = Math.round(share * source.rows);
  const first: number[] = [];
  const rest: number[] = [];
  for (const { rows } of ranks(source, seed, 'prompt')) {
    const side = first.length < wanted ? first : rest;
    // One by one: a prompt may have more rows than a call can take arguments.
    for (const row of rows) side.push(row);
  }
  return Int32Array.from(part === 'first' ? first : rest).sort();
}

/** Rows, singly or by prompt, in an order that seed and content determine. */
function ranks({ db, key }: RowSource, seed: number, by: 'row_id' | 'prompt'): { rank: string; rows: number[] }[] {
  const groups = new Map<string, { rank: string; rows: number[] }>();
  for (const { row_key: row, row_id: id, prompt } of each<{ row_key: number; row_id: string; prompt: string }>(
    db,
    sql`SELECT row_key, row_id, hex(prompt_hash) AS prompt FROM dataset_rows
        WHERE row_key >= ${firstKey(key)} AND row_key < ${firstKey(key + 1)} ORDER BY row_key`,
  )) {
    const name = by === 'row_id' ? id : prompt;
    const known = groups.get(name);
    if (known !== undefined) known.rows.push(memberOf(row));
    else groups.set(name, { rank: hash('sha256', `${seed}\n${name}`, 'hex'), rows: [memberOf(row)] });
  }
  return [...groups.values()].sort((a, b) => (a.rank < b.rank ? -1 : 1));
}
