import type { ComparisonRecord } from '../../shared/domain/flip-view.ts';
import type { Judged } from '../../shared/domain/flips.ts';
import { noiseFloor } from '../../shared/domain/statistics/noise-floor.ts';
import type { NoiseFloor } from '../../shared/domain/statistics/noise-floor.ts';
import type { FlipExportRow } from '../../store/api.ts';
import type { Comparisons } from './comparisons.ts';
import type { Core } from '../core.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';

const sort = { column: 'sampleId', direction: 'ascending' } as const;

/** How many of a comparison's flips sampling alone would bring; null where nothing was evaluated a second time. */
export async function noiseFloorOf(
  core: Core,
  comparisons: Comparisons,
  comparison: ComparisonRecord,
  task: Task,
): Promise<NoiseFloor | null> {
  const { repeats } = comparison;
  if (repeats === undefined) return null;
  const left = await repeatedSide(core, comparisons, comparison.leftEvaluationId, repeats.left, comparison, task);
  const right = await repeatedSide(core, comparisons, comparison.rightEvaluationId, repeats.right, comparison, task);
  const samples: { left: Judged[]; right: Judged[] }[] = [];
  await eachRow(core, comparison.id, task, (row) => {
    const [first, second] = judgedSides(row);
    samples.push({
      left: [first, ...(left.get(row.sampleId) ?? [])],
      right: [second, ...(right.get(row.sampleId) ?? [])],
    });
  });
  return noiseFloor(samples, comparison.rule);
}

/** What the second evaluation of one side says, by sample id. */
async function repeatedSide(
  core: Core,
  comparisons: Comparisons,
  evaluationId: string,
  repeatId: string | null,
  { rule }: ComparisonRecord,
  task: Task,
): Promise<Map<string, Judged[]>> {
  const again = new Map<string, Judged[]>();
  if (repeatId === null) return again;
  const aa = await comparisons.ready(evaluationId, repeatId, rule, task);
  await eachRow(core, aa.id, task, (row) => again.set(row.sampleId, [judgedSides(row)[1]]));
  return again;
}

function judgedSides(row: FlipExportRow): [Judged, Judged] {
  return [
    { score: row.leftScore, verdict: row.leftVerdict },
    { score: row.rightScore, verdict: row.rightVerdict },
  ];
}

async function eachRow(
  core: Core,
  comparisonId: string,
  task: Task,
  take: (row: FlipExportRow) => void,
): Promise<void> {
  await core.store.streamFlips(comparisonId, {}, sort, async (rows) => {
    throwIfCancelled(task);
    for (const row of rows) take(row);
  });
}
