import type { SpecIssue } from '../../shared/contract/views.ts';
import { rowScores } from '../../shared/domain/data/row-scores.ts';
import type { DatasetRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import { formatCount } from '../../shared/presentation/numbers.ts';
import type { Core } from '../core.ts';

/** Rows of one dataset that a spec leaves out, by id. */
export interface LeftOut {
  datasetId: string;
  rowIds: string[];
}

/** Which rows of a dataset the spec leaves out, as things stand; none where it leaves nothing out. */
export async function rowsToLeaveOut({ store }: Core, dataset: DatasetRecord, spec: RunSpec): Promise<LeftOut> {
  const { leaveOut } = spec.dataset;
  if (leaveOut === undefined) return { datasetId: dataset.id, rowIds: [] };
  const rowIds = Array.isArray(leaveOut)
    ? await store.knownRowIds(dataset.id, leaveOut)
    : await store.rowsOfHighestScore(dataset.id, leaveOut.score, leaveOut.top);
  if (rowIds === null) {
    const score = Array.isArray(leaveOut) ? '' : rowScores[leaveOut.score].label;
    throw new WorkbenchError('bad-input', `“${dataset.name}” has no score “${score}” yet.`, {
      remedy: 'flipguard suspects RUN computes it; add --ches for the score that needs the model.',
    });
  }
  if (rowIds.length >= dataset.rows) {
    throw new WorkbenchError(
      'bad-input',
      `That leaves out all ${formatCount(dataset.rows)} rows of “${dataset.name}”.`,
    );
  }
  return { datasetId: dataset.id, rowIds };
}

/** Ids that no dataset of the spec has: a list that leaves out less than it says is a mistake. */
export function unknownRows({ dataset: { leaveOut } }: RunSpec, leftOut: readonly LeftOut[]): SpecIssue[] {
  if (!Array.isArray(leaveOut)) return [];
  const known = new Set(leftOut.flatMap(({ rowIds }) => rowIds));
  return leaveOut.flatMap((id, i) =>
    known.has(id) ? [] : [{ path: `dataset.leaveOut.${i}`, message: `no row has the id “${id}”` }],
  );
}

export function withoutRows<Source extends { dataset: DatasetRecord }>(
  sources: readonly Source[],
  leftOut: readonly LeftOut[],
): (Source & { leftOut: readonly string[] })[] {
  return sources.map((source) => ({
    ...source,
    leftOut: leftOut.find(({ datasetId }) => datasetId === source.dataset.id)?.rowIds ?? [],
  }));
}
