import type { DatasetRecord, RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { elsewhere } from '../../shared/domain/run-origin.ts';
import type { Core } from '../core.ts';
import { findWeights, weightsFolder } from '../models/weights.ts';
import { trainRows } from '../runs/prepare.ts';
import { runFolder } from '../runs/run-folder.ts';
import { runTrainerJob } from '../supervision/trainer-jobs.ts';
import type { Task } from '../supervision/task.ts';

/** CHES of every pair under the model that the run began with, stored with the dataset; kept where it was measured before. */
export async function chesScores(core: Core, run: RunRecord, dataset: DatasetRecord, task: Task): Promise<void> {
  if (dataset.kind !== 'preference') {
    throw new WorkbenchError(
      'bad-input',
      `CHES compares two responses, and “${dataset.name}” has ${dataset.kind} rows.`,
    );
  }
  if (run.modelId === elsewhere) {
    throw new WorkbenchError('not-found', `The model that “${run.name}” started from is not known here.`, {
      remedy: 'Import the run with --base NAME|FOLDER.',
    });
  }
  const inputs = await runFolder(core.layout, run)
    .readInputs()
    .catch(() => null);
  const weights = await findWeights(core, inputs?.model.id ?? run.modelId);
  const { maxLength } = run.spec.batch;
  const sentence = `Under ${weights.label}, sequences cut at ${maxLength} tokens.`;
  const known = (await core.store.listRowScores(dataset.id)).find(({ name }) => name === 'ches');
  if (known?.about.sentence === sentence) return;
  const modelPath = await weightsFolder(core, weights, task);
  const { path: rowsPath } = await trainRows(core, dataset, 0);
  const scores = new Map<string, number>();
  await runTrainerJob(core, { kind: 'ches', modelPath, rowsPath, maxLength }, task, (events) => {
    for (const event of events)
      if (event.type === 'row-scores') event.rowIds.forEach((id, i) => scores.set(id, event.values[i] ?? Number.NaN));
  });
  const values = new Float64Array(dataset.rows).fill(Number.NaN);
  const page = 5000;
  for (let offset = 0; offset < dataset.rows; offset += page) {
    const rows = await core.store.datasetRows(dataset.id, offset, page);
    rows.forEach(({ id }, i) => (values[offset + i] = scores.get(id) ?? Number.NaN));
  }
  await core.store.putRowScore(dataset.id, { name: 'ches', about: { sentence, runId: run.id }, values });
}
