import { metricNames } from '../../shared/domain/metrics.ts';
import type { RunRecord } from '../../shared/domain/entities.ts';
import type { CurveRow } from '../../store/queries/run-curves.ts';
import type { Core } from '../core.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';

const pageRows = 5000;

/** Everything that a run reported, in order, a page at a time. */
export async function* figuresOf(core: Core, run: RunRecord, task: Task): AsyncGenerator<CurveRow[], void, undefined> {
  let after = 0;
  for (;;) {
    throwIfCancelled(task);
    const rows = await core.store.curveRows(run.id, after, pageRows);
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.seq;
    task.progress(`${run.name}: step ${last.step}`, run.lastSeq === 0 ? null : after / run.lastSeq);
    yield rows;
  }
}

/** A step as one row: what a trainer reported of it in parts, put together. Reports of one step follow each other. */
export async function* stepsOf(core: Core, run: RunRecord, task: Task): AsyncGenerator<CurveRow, void, undefined> {
  let parts: CurveRow[] = [];
  for await (const page of figuresOf(core, run, task)) {
    for (const row of page) {
      if (parts.length > 0 && parts[0]?.step !== row.step) {
        yield whole(parts);
        parts = [];
      }
      parts.push(row);
    }
  }
  if (parts.length > 0) yield whole(parts);
}

function whole(parts: readonly CurveRow[]): CurveRow {
  const last = parts.at(-1) as CurveRow;
  return { ...last, figures: Object.assign({}, ...parts.map(({ figures }) => figures)) as CurveRow['figures'] };
}

/** Names of the curves of these runs: those of the registry first, in its order. */
export async function figureNames(core: Core, runs: readonly RunRecord[]): Promise<string[]> {
  const found = new Set<string>();
  for (const { id } of runs) for (const name of await core.store.curveNames(id)) found.add(name);
  const registered = metricNames.filter((name) => found.has(name));
  return [...registered, ...[...found].filter((name) => !registered.some((one) => one === name)).sort()];
}
