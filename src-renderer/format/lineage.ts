import type { RunRecord } from '@shared/domain/entities.ts';

export interface LineageRow {
  run: RunRecord;
  depth: number;
  hasChildren: boolean;
  /** Levels above whose line continues past this row, because a later sibling hangs there. */
  through: number[];
}

/** Runs as a forest, oldest first, each under the run it came from. A parent that is gone makes its child a root. */
export function lineage(runs: RunRecord[]): LineageRow[] {
  const ids = new Set(runs.map((run) => run.id));
  const children = new Map<string | null, RunRecord[]>();
  for (const run of [...runs].sort((a, b) => a.createdAt - b.createdAt)) {
    const parent =
      run.parentRunId !== null && ids.has(run.parentRunId) && run.parentRunId !== run.id ? run.parentRunId : null;
    children.set(parent, [...(children.get(parent) ?? []), run]);
  }
  const rows: LineageRow[] = [];
  function visit(run: RunRecord, depth: number, through: number[]): void {
    const own = children.get(run.id) ?? [];
    rows.push({ run, depth, hasChildren: own.length > 0, through });
    own.forEach((child, index) => visit(child, depth + 1, index < own.length - 1 ? [...through, depth] : through));
  }
  for (const root of children.get(null) ?? []) visit(root, 0, []);
  return rows;
}
