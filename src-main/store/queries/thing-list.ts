import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Thing, ThingKind } from '../../shared/domain/things.ts';
import { comparisonName } from '../../shared/presentation/names.ts';
import type { ReadableDb } from '../database.ts';
import { all, sql } from '../database.ts';

/** What all kinds of things have in common: a name, marks, and dependants. */

/** Everything that has a name, oldest first within a kind. */
export function listThings(db: ReadableDb): Thing[] {
  const named = all<Thing>(
    db,
    sql`SELECT 'model' AS kind, id, name FROM models UNION ALL
        SELECT 'dataset', id, name FROM datasets WHERE state = 'ready' UNION ALL
        SELECT 'suite', id, name FROM suites WHERE state = 'ready' UNION ALL
        SELECT 'run', id, name FROM runs UNION ALL
        SELECT 'evaluation', id, name FROM evaluations WHERE state = 'ready' UNION ALL
        SELECT 'guard-set', id, name FROM guard_sets UNION ALL
        SELECT 'report', id, title FROM reports`,
  );
  const comparisons = all<{ id: string; name: string | null; old: string; now: string }>(
    db,
    sql`SELECT c.id, c.name, l.name AS old, r.name AS now FROM comparisons c
        JOIN evaluations l ON l.evaluation_key = c.left_key JOIN evaluations r ON r.evaluation_key = c.right_key`,
  ).map(({ id, name, old, now }): Thing => ({ kind: 'comparison', id, name: name ?? comparisonName(old, now) }));
  return [...named, ...comparisons];
}

export function requireThing(db: ReadableDb, kind: ThingKind, id: string): Thing {
  const found = listThings(db).find((thing) => thing.kind === kind && thing.id === id);
  if (found === undefined) throw new WorkbenchError('not-found', `This ${kindWords[kind]} is not in the workspace.`);
  return found;
}

export const kindWords: Record<ThingKind, string> = {
  model: 'model',
  dataset: 'dataset',
  suite: 'suite',
  run: 'run',
  evaluation: 'evaluation',
  comparison: 'comparison',
  'guard-set': 'guard set',
  report: 'report',
};
