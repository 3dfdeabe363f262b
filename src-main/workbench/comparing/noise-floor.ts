import type { ComparisonRecord } from '../../shared/domain/flip-view.ts';
import type { Judged } from '../../shared/domain/flips.ts';
import { noiseFloor } from '../../shared/domain/statistics/noise-floor.ts';
import type { NoiseFloor } from '../../shared/domain/statistics/noise-floor.ts';
import type { FlipExportRow } from '../../store/api.ts';
import type { Comparisons } from './comparisons.ts';
import type { Core } from '../core.ts';
import { quietTask } from '../supervision/task.ts';

const sort = { column: 'sampleId', direction: 'ascending' } as const;

/** How many of a comparison's flips sampling alone would bring; null where nothing was evaluated a second time. */
export async function noiseFloorOf(
  core: Core,
  comparisons: Comparisons,
  comparison: ComparisonRecord,
): Promise<NoiseFloor | null> {
  const { repeats } = comparison;
  if (repeats === undefined) return null;
  const left = await repeatedSide(core, comparisons, comparison.leftEvaluationId, repeats.left, comparison);
  const right = await repeatedSide(core, comparisons, comparison.rightEvaluationId, repeats.right, comparison);
  const samples: { left: Judged[]; right: Judged[] }[] = [];
  await eachRow(core, comparison.id, (row) => {
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
): Promise<Map<string, Judged[]>> {
  const again = new Map<string, Judged[]>();
  if (repeatId === null) return again;
  const aa = await comparisons.ready(evaluationId, repeatId, rule, quietTask());
  await eachRow(core, aa.id, (row) => again.set(row.sampleId, [judgedSides(row)[1]]));
  return again;
}

function judgedSides(row: FlipExportRow): [Judged, Judged] {
  return [
    { score: row.leftScore, verdict: row.leftVerdict },
    { score: row.rightScore, verdict: row.rightVerdict },
  ];
}

async function eachRow(core: Core, comparisonId: string, take: (row: FlipExportRow) => void): Promise<void> {
  await core.store.streamFlips(comparisonId, {}, sort, (rows) => {
    for (const row of rows) take(row);
    return Promise.resolve();
  });
}
