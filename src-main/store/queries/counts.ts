import { statSync } from 'node:fs';
import type { ReadableDb } from '../database.ts';
import { value } from '../database.ts';

/** Counts for the doctor's page. The big tables are summed from their owners, not counted. */
export function rowCounts(db: ReadableDb): Record<string, number> {
  const count = (text: string): number => value<number>(db, { text, values: [] }) ?? 0;
  return {
    models: count('SELECT count(*) FROM models'),
    datasets: count("SELECT count(*) FROM datasets WHERE state = 'ready'"),
    suites: count("SELECT count(*) FROM suites WHERE state = 'ready'"),
    runs: count('SELECT count(*) FROM runs'),
    checkpoints: count('SELECT count(*) FROM checkpoints'),
    evaluations: count("SELECT count(*) FROM evaluations WHERE state = 'ready'"),
    scores: count("SELECT coalesce(sum(samples), 0) FROM evaluations WHERE state = 'ready'"),
    comparisons: count('SELECT count(*) FROM comparisons'),
    guardSets: count('SELECT count(*) FROM guard_sets'),
    reports: count('SELECT count(*) FROM reports'),
  };
}

/** Bytes of the database and its log. */
export function sizeOnDisk(path: string): number {
  return ['', '-wal'].reduce((sum, suffix) => sum + (statSync(path + suffix, { throwIfNoEntry: false })?.size ?? 0), 0);
}
