import type { RowMargins } from '../../shared/domain/data/row-scores.ts';
import type { DatasetRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { wilson } from '../../shared/domain/statistics/intervals.ts';
import type { Core } from '../core.ts';
import { findWeights, weightsFolder } from '../models/weights.ts';
import { referenceCache, trainRows } from '../runs/prepare.ts';
import { runTrainerJob } from '../supervision/trainer-jobs.ts';
import type { Task } from '../supervision/task.ts';
import { usualMaxLength } from './show-row.ts';

const rowsAtOnce = 5000;

/**
 * Which pairs a reference model has right already, and which are likely mislabelled. Log-probs of a run with this reference and length
 * limit on all rows are used again; what was measured before is shown at once.
 */
export async function measureMargins(
  core: Core,
  dataset: DatasetRecord,
  { model, maxLength = usualMaxLength }: { model?: string | undefined; maxLength?: number | undefined },
  task: Task,
): Promise<RowMargins> {
  if (model === undefined) {
    throw new WorkbenchError('bad-input', 'Margins are those of a model.', {
      remedy: 'Name the reference: --model NAME.',
      place: { field: 'model' },
    });
  }
  if (dataset.kind !== 'preference') {
    throw new WorkbenchError(
      'bad-input',
      `A margin compares two responses, and “${dataset.name}” has ${dataset.kind} rows.`,
      { place: { field: 'margins' } },
    );
  }
  const weights = await findWeights(core, model);
  const sha256 = weights.kind === 'model' ? weights.model.sha256 : weights.checkpoint.sha256;
  const known = (await core.store.listRowScores(dataset.id)).find(({ name }) => name === 'mislabelled')?.about.margins;
  if (known?.sha256 === sha256 && known.maxLength === maxLength) return known;
  const modelPath = await weightsFolder(core, weights, task);
  const { path: rowsPath } = await trainRows(core, dataset, 0);
  const cacheFolder = referenceCache(core);
  const found = new Map<string, { sum: number; perToken: number }>();
  await runTrainerJob(core, { kind: 'margins', modelPath, rowsPath, maxLength, cacheFolder }, task, (events) => {
    for (const event of events) {
      if (event.type !== 'row-scores') continue;
      event.rowIds.forEach((id, i) => {
        found.set(id, { sum: event.values[i] ?? Number.NaN, perToken: event.perToken?.[i] ?? Number.NaN });
      });
    }
  });
  const values = new Float64Array(dataset.rows).fill(Number.NaN);
  for (let offset = 0; offset < dataset.rows; offset += rowsAtOnce) {
    const rows = await core.store.datasetRows(dataset.id, offset, rowsAtOnce);
    rows.forEach(({ id }, i) => (values[offset + i] = found.get(id)?.sum ?? Number.NaN));
  }
  const all = [...found.values()];
  const count = (holds: (one: { sum: number; perToken: number }) => boolean) => all.filter(holds).length;
  const right = count(({ sum }) => sum < 0);
  const margins: RowMargins = {
    model: weights.label,
    sha256,
    maxLength,
    pairs: all.length,
    right,
    rightShare: wilson(right, all.length),
    wrong: count(({ sum }) => sum > 0),
    likelyMislabelled: count(({ sum, perToken }) => sum > 0 && perToken > 0),
  };
  const sentence = `Log-prob of rejected − chosen under ${weights.label}, sequences cut at ${maxLength} tokens.`;
  await core.store.putRowScore(dataset.id, { name: 'mislabelled', about: { sentence, margins }, values });
  core.bus.publish({ topic: 'changed', lists: ['datasets'] });
  return margins;
}
