import { WorkbenchError, assertNever } from '../../shared/domain/errors.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import type { ThingKind } from '../../shared/domain/things.ts';
import { evaluationName, weightsName } from '../../shared/presentation/names.ts';
import type { ReadableDb, WritableDb } from '../database.ts';
import { all, run, sql, value } from '../database.ts';
import type { Writer } from './marks.ts';
import { change } from './marks.ts';
import { listThings, requireThing, kindWords } from './thing-list.ts';

/** Renames a thing; what refers to it by name follows. Refused if another of its kind has the name. */
export function renameThing(writer: Writer, kind: ThingKind, id: string, name: string): void {
  const { db } = writer;
  change(
    writer,
    ['models', 'datasets', 'suites', 'runs', 'evaluations', 'comparisons', 'guard-sets', 'reports'],
    () => {
      const old = requireThing(db, kind, id);
      if (old.name === name) return;
      refuseTaken(db, kind, name);
      rename(db, kind, id, old.name, name);
    },
  );
}

function rename(db: WritableDb, kind: ThingKind, id: string, old: string, name: string): void {
  switch (kind) {
    case 'model':
      run(db, sql`UPDATE models SET name = ${name} WHERE id = ${id}`);
      return changeSpecs(db, (spec) => {
        if (spec.model === old) spec.model = name;
      });
    case 'dataset':
      run(db, sql`UPDATE datasets SET name = ${name} WHERE id = ${id}`);
      return changeSpecs(db, (spec) => {
        if (spec.dataset.train === old) spec.dataset.train = name;
        if (typeof spec.dataset.train !== 'string') {
          for (const source of spec.dataset.train) if (source.name === old) source.name = name;
        }
      });
    case 'suite':
      return renameSuite(db, id, old, name);
    case 'run':
      renameEvaluationsOf(db, id, old, name);
      run(db, sql`UPDATE runs SET name = ${name} WHERE id = ${id}`);
      return;
    case 'evaluation':
      run(db, sql`UPDATE evaluations SET name = ${name} WHERE id = ${id}`);
      return;
    case 'comparison':
      run(db, sql`UPDATE comparisons SET name = ${name} WHERE id = ${id}`);
      return;
    case 'guard-set':
      run(db, sql`UPDATE guard_sets SET name = ${name} WHERE id = ${id}`);
      return changeSpecs(db, (spec) => {
        if ('guardSet' in spec.guard && spec.guard.guardSet === old) spec.guard.guardSet = name;
      });
    case 'report':
      run(db, sql`UPDATE reports SET title = ${name} WHERE id = ${id}`);
      return;
    default:
      return assertNever(kind);
  }
}

/** Samples pair within a scope, which has the suite's name: evaluations before and after the change still pair. */
function renameSuite(db: WritableDb, id: string, old: string, name: string): void {
  const taken = value<number>(db, sql`SELECT scope_key FROM scopes WHERE name = ${name}`);
  if (taken !== undefined) throw takenName('suite', name);
  run(db, sql`UPDATE suites SET name = ${name} WHERE id = ${id}`);
  run(db, sql`UPDATE scopes SET name = ${name} WHERE name = ${old}`);
  changeSpecs(db, (spec) => {
    spec.evaluate.suites = spec.evaluate.suites.map((suite) => (suite === old ? name : suite));
  });
}

/** Evaluations named after their run follow it; others were named by a person. */
function renameEvaluationsOf(db: WritableDb, runId: string, old: string, name: string): void {
  const own = all<{ key: number; name: string; step: number; suite: string }>(
    db,
    sql`SELECT e.evaluation_key AS key, e.name, e.step, s.name AS suite FROM evaluations e JOIN scopes s USING (scope_key)
        WHERE e.run_key = (SELECT run_key FROM runs WHERE id = ${runId}) AND e.step IS NOT NULL`,
  );
  for (const one of own) {
    if (one.name !== evaluationName(weightsName(old, one.step), one.suite)) continue;
    const now = evaluationName(weightsName(name, one.step), one.suite);
    run(db, sql`UPDATE evaluations SET name = ${now} WHERE evaluation_key = ${one.key}`);
  }
}

/** Specs refer by name; a relaunch has to find what was renamed. */
function changeSpecs(db: WritableDb, edit: (spec: RunSpec) => void): void {
  for (const row of all<{ id: string; spec: string }>(db, sql`SELECT id, spec FROM runs`)) {
    const spec = JSON.parse(row.spec) as RunSpec;
    edit(spec);
    const text = JSON.stringify(spec);
    if (text !== row.spec) run(db, sql`UPDATE runs SET spec = ${text} WHERE id = ${row.id}`);
  }
}

function refuseTaken(db: ReadableDb, kind: ThingKind, name: string): void {
  // Reports and comparisons are distinguished by more than their names.
  if (kind === 'report' || kind === 'comparison') return;
  if (listThings(db).some((thing) => thing.kind === kind && thing.name === name)) throw takenName(kind, name);
}

function takenName(kind: ThingKind, name: string): WorkbenchError {
  return new WorkbenchError('conflict', `There is already another ${kindWords[kind]} named “${name}”.`, {
    remedy: 'Choose another name.',
    place: { field: 'name' },
  });
}
