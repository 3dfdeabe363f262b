import type { RowScoreName, Suspect, Suspects } from '../../shared/domain/data/row-scores.ts';
import { rowTexts } from '../../shared/domain/data/row-texts.ts';
import type { DatasetRecord, RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { elsewhere } from '../../shared/domain/run-origin.ts';
import { plural } from '../../shared/presentation/words.ts';
import type { Comparisons } from '../comparing/comparisons.ts';
import type { Core } from '../core.ts';
import { againstStart, usualRule } from '../runs/flip-meter.ts';
import { runFolder } from '../runs/run-folder.ts';
import { partOf, throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { chesScores } from './ches-scores.ts';

export interface SuspectsChoice {
  /** Of these flips alone; by default all negative flips of the run since it began, on every suite. */
  comparisonId?: string | undefined;
  sampleKeys?: readonly number[] | undefined;
  sampleIds?: readonly string[] | undefined;
  /** Rows come in this order; by default nearest to a flip first, or where nothing flipped, what fell most. */
  by?: RowScoreName | undefined;
  /** Also asks the model that training began with for CHES, which takes a pass over the data. */
  ches?: boolean | undefined;
  limit?: number | undefined;
}

const usualLimit = 50;
/** Flips beyond these would make “near” mean anything. */
const mostFlips = 5000;
const shownCharacters = 200;

interface Flip {
  sampleId: string;
  prompt: string;
}

/**
 * Which training rows may have caused a loss: what training did to them, whether the guard fired on them, and which flip they are near
 * to. The scores stay with the dataset, where lists, filters and a spec’s `leaveOut` find them.
 */
export async function findSuspects(
  parts: { core: Core; comparisons: Comparisons },
  run: RunRecord,
  choice: SuspectsChoice,
  task: Task,
): Promise<Suspects> {
  const { core } = parts;
  const dataset = await datasetOf(core, run);
  const notes: string[] = [];
  const { flips, comparisonIds } = await flipsOf(parts, run, choice, partOf(task, 0, 0.3));
  throwIfCancelled(task);
  const trained = await core.store.trainedRows(run.id, dataset.id);
  const known = [trained.displacement, trained.fired].map((values) => values.some((value) => !Number.isNaN(value)));
  const about = { runId: run.id, sentence: `In the training of “${run.name}”.` };
  if (known[0] === true)
    await core.store.putRowScore(dataset.id, { name: 'displacement', about, values: trained.displacement });
  else
    notes.push(
      'How far rows fell in training is not known: no row was used twice, or the trainer did not report its rows.',
    );
  if (known[1] === true) await core.store.putRowScore(dataset.id, { name: 'fired', about, values: trained.fired });
  else notes.push('No guard was looked at in this training.');
  const near = await core.store.nearestPrompts(
    dataset.id,
    dataset.rows,
    flips.map(({ prompt }) => prompt),
  );
  if (flips.length > 0) {
    const sentence = `Against ${plural(flips.length, 'negative flip')} of “${run.name}”.`;
    await core.store.putRowScore(dataset.id, {
      name: 'near-flips',
      about: { runId: run.id, comparisonIds, sentence },
      values: near.similarity,
    });
  } else notes.push('Nothing flipped, so that no row is near a flip.');
  if (choice.ches === true) await chesScores(core, run, dataset, partOf(task, 0.4, 1));
  core.bus.publish({ topic: 'changed', lists: ['datasets'] });
  const scores = await core.store.listRowScores(dataset.id);
  const by = choice.by ?? (flips.length > 0 ? 'near-flips' : 'displacement');
  if (!scores.some(({ name }) => name === by)) throw withoutScore(by, notes);
  const rows = await mostSuspect(core, dataset, by, choice.limit ?? usualLimit, (row) => {
    const flip = flips[near.prompt[row] ?? -1];
    return flip === undefined ? null : { ...flip, prompt: cut(flip.prompt) };
  });
  return {
    datasetId: dataset.id,
    datasetName: dataset.name,
    runId: run.id,
    by,
    scores,
    flips: flips.length,
    rows,
    notes,
  };
}

async function datasetOf(core: Core, run: RunRecord): Promise<DatasetRecord> {
  const inputs = await runFolder(core.layout, run)
    .readInputs()
    .catch(() => null);
  if (inputs?.sources !== undefined && inputs.sources.length > 1) {
    throw new WorkbenchError(
      'unsupported',
      `“${run.name}” trained on a mixture of ${inputs.sources.length} datasets.`,
      {
        remedy: 'Suspects are found in runs of one dataset.',
      },
    );
  }
  const dataset = run.datasetId === elsewhere ? null : await core.store.getDataset(run.datasetId);
  if (dataset !== null) return dataset;
  throw new WorkbenchError('not-found', `The data that “${run.name}” was trained on is not in this workspace.`, {
    remedy: `Import it, and tell the run: flipguard import dataset FILE --name D, then flipguard import run FOLDER --dataset D.`,
  });
}

/** The chosen flips, or all that the run lost since it began: of each suite at its newest evaluated step. */
async function flipsOf(
  { core, comparisons }: { core: Core; comparisons: Comparisons },
  run: RunRecord,
  { comparisonId, sampleKeys, sampleIds }: SuspectsChoice,
  task: Task,
): Promise<{ flips: Flip[]; comparisonIds: string[] }> {
  const comparisonIds =
    comparisonId === undefined ? await ownComparisons(core, comparisons, run, task) : [comparisonId];
  const keys = sampleKeys === undefined ? null : new Set(sampleKeys);
  const ids = sampleIds === undefined ? null : new Set(sampleIds);
  const flips: Flip[] = [];
  for (const id of comparisonIds) {
    const filter = keys === null && ids === null ? { kinds: ['negative' as const] } : {};
    await core.store.streamFlips(id, filter, { column: 'delta', direction: 'ascending' }, (rows) => {
      throwIfCancelled(task);
      const wanted = rows.filter(
        ({ sampleKey, sampleId }) => (keys?.has(sampleKey) ?? true) && (ids?.has(sampleId) ?? true),
      );
      flips.push(...wanted.slice(0, mostFlips - flips.length).map(({ sampleId, prompt }) => ({ sampleId, prompt })));
      return Promise.resolve();
    });
  }
  if (ids !== null && flips.length < ids.size) {
    const missing = [...ids].filter((id) => !flips.some(({ sampleId }) => sampleId === id));
    if (missing.length > 0)
      throw new WorkbenchError('not-found', `No evaluation of “${run.name}” has the sample ${missing.join(', ')}.`, {
        remedy: 'flipguard flips lists the samples that changed.',
      });
  }
  return { flips, comparisonIds };
}

async function ownComparisons(core: Core, comparisons: Comparisons, run: RunRecord, task: Task): Promise<string[]> {
  const newest = new Map<string, string>();
  for (const [base, later] of againstStart(await core.store.listEvaluations({ runId: run.id }))) {
    if (later.right + later.wrong === 0) continue;
    newest.set(later.suiteName, (await comparisons.ready(base.id, later.id, usualRule(later), task)).id);
  }
  return [...newest.values()];
}

async function mostSuspect(
  core: Core,
  dataset: DatasetRecord,
  by: RowScoreName,
  limit: number,
  flipOf: (row: number) => Suspect['flip'],
): Promise<Suspect[]> {
  const sort = { column: by, direction: 'descending' } as const;
  const view = await core.store.openDatasetView(dataset.id, { scores: { [by]: [null, null] } }, sort);
  try {
    const listed = await core.store.datasetWindow(view.viewId, 0, limit);
    const rows = await core.store.datasetRowsAt(
      dataset.id,
      listed.map(({ number }) => number - 1),
    );
    return listed.map(({ number, id, scores }, i) => {
      const row = rows[i];
      const prompt = row === undefined ? '' : cut(rowTexts(row).prompt);
      return { rowId: id, number, scores, prompt, flip: flipOf(number - 1) };
    });
  } finally {
    await core.store.closeDatasetView(view.viewId);
  }
}

function cut(text: string): string {
  return text.length <= shownCharacters ? text : `${text.slice(0, shownCharacters)}…`;
}

function withoutScore(by: RowScoreName, notes: readonly string[]): WorkbenchError {
  const why = by === 'ches' ? 'CHES was not measured yet.' : (notes[0] ?? 'It is not known of this run.');
  return new WorkbenchError('bad-input', `Rows cannot be ordered by ${by}: ${why}`, {
    remedy: by === 'ches' ? 'Say --ches as well.' : 'Order them by another score, with --by.',
  });
}
