import { writeFile, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import type { DatasetRecord, RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Core } from '../core.ts';
import { findWeights, type Weights, weightsFolder } from '../models/weights.ts';
import { trainRows } from '../runs/prepare.ts';
import { runTrainerJob } from '../supervision/trainer-jobs.ts';
import type { Task } from '../supervision/task.ts';
import { inside } from '../workspace/inside.ts';

/** What flipped, with the answer that was right before. */
export interface FlippedAnswer {
  sampleId: string;
  prompt: string;
  answer: string;
}

/** Flips whose gradients are held at once. */
const mostFlips = 64;

/**
 * How far a step on each pair would lower what flipped, by gradients at the run's newest checkpoint, stored with the dataset. → of each
 * row, by its id, the place in `flips` of the one that it lowers most.
 */
export async function gradientScores(
  core: Core,
  run: RunRecord,
  dataset: DatasetRecord,
  flips: readonly FlippedAnswer[],
  task: Task,
): Promise<Map<string, number>> {
  if (dataset.kind !== 'preference') {
    throw new WorkbenchError(
      'bad-input',
      `Gradients of pairs are compared, and “${dataset.name}” has ${dataset.kind} rows.`,
    );
  }
  // Told apart by their place: two suites may use one id.
  const used = flips.flatMap((flip, place) => (flip.answer === '' ? [] : [{ ...flip, place }])).slice(0, mostFlips);
  if (used.length === 0) {
    throw new WorkbenchError('bad-input', `No flip of “${run.name}” has an answer that was right before.`, {
      remedy: 'Choose flips of a suite with answers or targets, or another score.',
    });
  }
  const weights = await newestWeights(core, run);
  const modelPath = await weightsFolder(core, weights, task);
  const { path: rowsPath } = await trainRows(core, dataset, 0);
  const flipsPath = inside(core.layout.cache, `flips-${randomUUID()}.ndjson`);
  const lines = used.map(({ place, prompt, answer }) =>
    JSON.stringify({ kind: 'completion', id: String(place), prompt, completion: answer }),
  );
  const scores = new Map<string, number>();
  const nearest = new Map<string, number>();
  try {
    await writeFile(flipsPath, `${lines.join('\n')}\n`);
    const { maxLength } = run.spec.batch;
    await runTrainerJob(
      core,
      { kind: 'gradient-products', modelPath, rowsPath, flipsPath, maxLength },
      task,
      (events) => {
        for (const event of events) {
          if (event.type !== 'row-scores') continue;
          event.rowIds.forEach((id, i) => {
            scores.set(id, event.values[i] ?? Number.NaN);
            const flip = event.nearest?.[i];
            if (typeof flip === 'string') nearest.set(id, Number(flip));
          });
        }
      },
    );
  } finally {
    await rm(flipsPath, { force: true });
  }
  const values = new Float64Array(dataset.rows).fill(Number.NaN);
  const page = 5000;
  for (let offset = 0; offset < dataset.rows; offset += page) {
    const rows = await core.store.datasetRows(dataset.id, offset, page);
    rows.forEach(({ id }, i) => (values[offset + i] = scores.get(id) ?? Number.NaN));
  }
  const left = flips.length > used.length ? ` of ${flips.length}` : '';
  const sentence = `An estimate by gradients at ${weights.label}, against ${used.length}${left} negative flips of “${run.name}”.`;
  await core.store.putRowScore(dataset.id, { name: 'gradient', about: { sentence, runId: run.id }, values });
  return nearest;
}

/** The newest checkpoint that is still there, else the model that training began with. */
async function newestWeights(core: Core, run: RunRecord): Promise<Weights> {
  const present = (await core.store.listCheckpoints(run.id)).filter(({ state }) => state === 'present');
  const newest = present.toSorted((a, b) => b.step - a.step)[0];
  return findWeights(core, newest?.id ?? run.modelId);
}
