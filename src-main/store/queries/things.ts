import { WorkbenchError, assertNever } from '../../shared/domain/errors.ts';
import type { Dependants, ThingKind, ThingMarks } from '../../shared/domain/things.ts';
import type { ReadableDb } from '../database.ts';
import { all, run, sql, value } from '../database.ts';
import { removeEvaluation } from './dependants.ts';
import { removeGuardSet } from './guard-sets.ts';
import type { ListName, Writer } from './marks.ts';
import { change } from './marks.ts';
import { removeModel } from './models.ts';
import { markRemoved } from './removal.ts';
import { removeRun } from './runs.ts';
import { listThings, requireThing } from './thing-list.ts';
import { renameThing } from './thing-names.ts';

export function listMarks(db: ReadableDb): ThingMarks[] {
  const rows = all<{ kind: ThingKind; id: string; note: string; tags: string; archived: number }>(
    db,
    sql`SELECT kind, id, note, tags, archived FROM thing_marks`,
  );
  const runs = all<{ id: string; note: string; tags: string }>(
    db,
    sql`SELECT id, note, tags FROM runs WHERE note <> '' OR tags <> '[]'`,
  );
  const marks = new Map<string, ThingMarks>();
  for (const { kind, id, note, tags, archived } of rows)
    marks.set(`${kind} ${id}`, { kind, id, note, tags: JSON.parse(tags) as string[], archived: archived === 1 });
  for (const { id, note, tags } of runs) {
    const known = marks.get(`run ${id}`);
    marks.set(`run ${id}`, {
      kind: 'run',
      id,
      note,
      tags: JSON.parse(tags) as string[],
      archived: known?.archived ?? false,
    });
  }
  return [...marks.values()];
}

export type MarksChange = Partial<Pick<ThingMarks, 'note' | 'tags' | 'archived'>>;

/** Changes what is given and leaves the rest. */
export function markThing(writer: Writer, kind: ThingKind, id: string, changes: MarksChange): void {
  const { db } = writer;
  change(writer, [listOf[kind]], () => {
    requireThing(db, kind, id);
    const old = listMarks(db).find((marks) => marks.kind === kind && marks.id === id);
    const note = changes.note ?? old?.note ?? '';
    const tags = JSON.stringify(changes.tags ?? old?.tags ?? []);
    const archived = (changes.archived ?? old?.archived ?? false) ? 1 : 0;
    if (kind === 'run') run(db, sql`UPDATE runs SET note = ${note}, tags = ${tags} WHERE id = ${id}`);
    run(
      db,
      sql`INSERT OR REPLACE INTO thing_marks (kind, id, note, tags, archived) VALUES (${kind}, ${id}, ${note}, ${tags}, ${archived})`,
    );
  });
}

/** What would go, and what would stay with something missing. */
export function dependantsOf(db: ReadableDb, kind: ThingKind, id: string): Dependants {
  requireThing(db, kind, id);
  const count = (text: string): number => value<number>(db, { text, values: [id] }) ?? 0;
  const deleted: Dependants['deleted'] = [];
  const add = (what: string, text: string): void => {
    const found = count(text);
    if (found > 0) deleted.push({ what, count: found });
  };
  const evaluations = evaluationsWith[kind];
  if (kind === 'run')
    add('checkpoint', 'SELECT count(*) FROM checkpoints WHERE run_key = (SELECT run_key FROM runs WHERE id = ?)');
  if (evaluations !== undefined) {
    if (kind !== 'evaluation') add('evaluation', `SELECT count(*) FROM (${evaluations})`);
    add(
      'comparison',
      `WITH gone AS (${evaluations}) SELECT count(*) FROM comparisons WHERE left_key IN gone OR right_key IN gone`,
    );
    add(
      'judged sample',
      `WITH gone AS (${evaluations}) SELECT count(*) FROM annotations WHERE comparison_key IN
         (SELECT comparison_key FROM comparisons WHERE left_key IN gone OR right_key IN gone)`,
    );
  }
  if (kind === 'comparison')
    add(
      'judged sample',
      'SELECT count(*) FROM annotations WHERE comparison_key = (SELECT comparison_key FROM comparisons WHERE id = ?)',
    );
  const kept: string[] = [];
  const runs = runsWith[kind];
  const users = runs === undefined ? 0 : count(runs);
  if (users > 0)
    kept.push(
      `${users} ${users === 1 ? 'run keeps its' : 'runs keep their'} results but cannot be resumed or relaunched as ${users === 1 ? 'it is' : 'they are'}.`,
    );
  return { deleted, kept };
}

const evaluationsWith: Partial<Record<ThingKind, string>> = {
  evaluation: "SELECT evaluation_key FROM evaluations WHERE id = ? AND state = 'ready'",
  run: "SELECT evaluation_key FROM evaluations WHERE run_key = (SELECT run_key FROM runs WHERE id = ?) AND state = 'ready'",
  model: "SELECT evaluation_key FROM evaluations WHERE model_id = ? AND run_key IS NULL AND state = 'ready'",
};
const runsWith: Partial<Record<ThingKind, string>> = {
  model: 'SELECT count(*) FROM runs WHERE model_id = ?',
  dataset: 'SELECT count(*) FROM runs WHERE dataset_id = ?',
  'guard-set': 'SELECT count(*) FROM runs WHERE guard_set_id = ?',
};

/** Deletes a thing with all that `dependantsOf` counts, in one transaction. Files are left to the caller. */
export function deleteThing(writer: Writer, kind: ThingKind, id: string): void {
  const { db } = writer;
  change(
    writer,
    ['models', 'datasets', 'suites', 'runs', 'evaluations', 'comparisons', 'guard-sets', 'reports'],
    () => {
      requireThing(db, kind, id);
      const evaluations = evaluationsWith[kind];
      if (evaluations !== undefined) {
        for (const row of all<{ evaluation_key: number }>(db, { text: evaluations, values: [id] })) {
          const key = row.evaluation_key;
          run(db, sql`DELETE FROM comparisons WHERE left_key = ${key} OR right_key = ${key}`);
          const own = value<string>(db, sql`SELECT id FROM evaluations WHERE evaluation_key = ${key}`);
          if (own !== undefined && kind !== 'run') removeEvaluation(writer, own);
        }
      }
      removeOne(writer, kind, id);
      run(db, sql`DELETE FROM thing_marks WHERE kind = ${kind} AND id = ${id}`);
    },
  );
}

function removeOne(writer: Writer, kind: ThingKind, id: string): void {
  const { db } = writer;
  switch (kind) {
    case 'model':
      return removeModel(writer, id);
    case 'run':
      return removeRun(writer, id);
    case 'guard-set':
      return removeGuardSet(writer, id);
    case 'evaluation':
      return;
    case 'comparison':
      run(db, sql`DELETE FROM comparisons WHERE id = ${id}`);
      return;
    case 'report':
      run(db, sql`DELETE FROM reports WHERE id = ${id}`);
      return;
    case 'dataset': {
      refuseInUse(db, kind, id);
      const key = value<number>(db, sql`SELECT dataset_key FROM datasets WHERE id = ${id}`) ?? 0;
      run(db, sql`UPDATE datasets SET import_key = NULL WHERE dataset_key = ${key}`);
      return markRemoved(db, 'datasets', key);
    }
    case 'suite': {
      const key = value<number>(db, sql`SELECT suite_key FROM suites WHERE id = ${id}`) ?? 0;
      run(db, sql`UPDATE suites SET import_key = NULL WHERE suite_key = ${key}`);
      return markRemoved(db, 'suites', key);
    }
    default:
      return assertNever(kind);
  }
}

function refuseInUse(db: ReadableDb, kind: ThingKind, id: string): void {
  const user = value<string>(
    db,
    sql`SELECT name FROM runs WHERE dataset_id = ${id} AND status IN ('queued', 'starting', 'running', 'paused', 'stopping')`,
  );
  if (user !== undefined)
    throw new WorkbenchError('conflict', `The run “${user}” is using this ${kind}.`, { remedy: 'Stop the run first.' });
}

const listOf: Record<ThingKind, ListName> = {
  model: 'models',
  dataset: 'datasets',
  suite: 'suites',
  run: 'runs',
  evaluation: 'evaluations',
  comparison: 'comparisons',
  'guard-set': 'guard-sets',
  report: 'reports',
};

export const thingReads = { listThings, listMarks, dependantsOf };
export const thingWrites = { markThing, renameThing };
