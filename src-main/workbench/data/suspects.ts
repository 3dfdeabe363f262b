import type { RowScoreName, StoredRowScore, Suspect, Suspects } from '../../shared/domain/data/row-scores.ts';
import { rowTexts } from '../../shared/domain/data/row-texts.ts';
import type { DatasetRecord, RunRecord } from '../../shared/domain/entities.ts';
import type { FlipExportRow } from '../../store/api.ts';
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
import { type FlippedAnswer, gradientScores } from './gradient-scores.ts';

export interface SuspectsChoice {
  /** Of these flips alone; by default all negative flips of the run since it began, on every suite. */
  comparisonId?: string | undefined;
  sampleKeys?: readonly number[] | undefined;
  sampleIds?: readonly string[] | undefined;
  /** Rows come in this order; by default nearest to a flip first, or where nothing flipped, what fell most. */
  by?: RowScoreName | undefined;
  /** Also asks the model that training began with for CHES, which takes a pass over the data. */
  ches?: boolean | undefined;
  /** Also estimates by gradients at the newest checkpoint, which takes a backward pass for each row: small models. */
  gradients?: boolean | undefined;
  limit?: number | undefined;
}

const usualLimit = 50;
/** Flips beyond these would make “near” mean anything. */
const mostFlips = 5000;
const shownCharacters = 200;

/**
 * Which training rows may have caused a loss: what training did to them, whether the guard fired on them, and which flip they are near
 * to. The scores stay with the dataset, where lists, filters and a spec’s `leaveOut` find them; rows of a mixture’s datasets are listed
 * together.
 */
export async function findSuspects(
  parts: { core: Core; comparisons: Comparisons },
  run: RunRecord,
  choice: SuspectsChoice,
  task: Task,
): Promise<Suspects> {
  const { core } = parts;
  const datasets = await datasetsOf(core, run);
  const { flips, comparisonIds } = await flipsOf(parts, run, choice, partOf(task, 0, 0.3));
  throwIfCancelled(task);
  const notes: string[] = [];
  const scored: ScoredDataset[] = [];
  for (const [i, dataset] of datasets.entries()) {
    const part = partOf(task, 0.3 + (0.7 * i) / datasets.length, 0.3 + (0.7 * (i + 1)) / datasets.length);
    const one = await scoreDataset(parts, run, { dataset, flips, comparisonIds }, choice, part);
    // What is not known of one dataset is said with its name; what is known of none, once.
    for (const note of one.notes) notes.push(datasets.length === 1 ? note : `${dataset.name}: ${note}`);
    scored.push(one);
  }
  if (flips.length === 0) notes.push('Nothing flipped, so that no row is near a flip.');
  core.bus.publish({ topic: 'changed', lists: ['datasets'] });
  const isKnown = (name: RowScoreName) => scored.some(({ scores }) => scores.some((score) => score.name === name));
  const usualOrder: RowScoreName[] = [
    ...(choice.gradients === true ? ['gradient' as const] : []),
    ...(flips.length > 0 ? ['near-flips' as const] : []),
    'displacement',
    'ches',
  ];
  const by = choice.by ?? usualOrder.find(isKnown) ?? 'displacement';
  const limit = choice.limit ?? usualLimit;
  const rows: Suspect[] = [];
  for (const one of scored) {
    if (one.scores.some(({ name }) => name === by)) rows.push(...(await mostSuspect(core, one, flips, by, limit)));
  }
  if (!isKnown(by)) throw withoutScore(by, notes);
  const [first] = datasets as [DatasetRecord];
  return {
    datasetId: first.id,
    datasetName: datasets.map(({ name }) => name).join(' + '),
    runId: run.id,
    by,
    scores: together(scored),
    flips: flips.length,
    rows: rows.toSorted((a, b) => (b.scores[by] ?? -Infinity) - (a.scores[by] ?? -Infinity)).slice(0, limit),
    notes,
  };
}

interface ScoredDataset {
  dataset: DatasetRecord;
  scores: StoredRowScore[];
  notes: string[];
  /** Of each row, the place of the flip with the prompt most like its own. */
  near: ArrayLike<number>;
  /** The place of the flip that a row lowers most, by row id, where gradients were asked for. */
  byGradient: ReadonlyMap<string, number> | null;
}

/** Measures a dataset’s rows, and keeps what was found with it. */
async function scoreDataset(
  { core }: { core: Core },
  run: RunRecord,
  {
    dataset,
    flips,
    comparisonIds,
  }: { dataset: DatasetRecord; flips: readonly FlippedAnswer[]; comparisonIds: string[] },
  choice: SuspectsChoice,
  task: Task,
): Promise<ScoredDataset> {
  const notes: string[] = [];
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
  }
  if (choice.ches === true) await chesScores(core, run, dataset, partOf(task, 0.2, 0.6));
  const byGradient =
    choice.gradients === true ? await gradientScores(core, run, dataset, flips, partOf(task, 0.6, 1)) : null;
  return { dataset, scores: await core.store.listRowScores(dataset.id), notes, near: near.prompt, byGradient };
}

/** The scores that any of the datasets has, with the rows of all. */
function together(scored: readonly ScoredDataset[]): StoredRowScore[] {
  const byName = new Map<RowScoreName, StoredRowScore>();
  for (const score of scored.flatMap(({ scores }) => scores)) {
    const before = byName.get(score.name);
    byName.set(score.name, { ...score, known: score.known + (before?.known ?? 0) });
  }
  return [...byName.values()];
}

/** The datasets that the run trained on, in the spec’s order. */
async function datasetsOf(core: Core, run: RunRecord): Promise<DatasetRecord[]> {
  const inputs = await runFolder(core.layout, run)
    .readInputs()
    .catch(() => null);
  const ids = inputs?.sources?.map(({ datasetId }) => datasetId) ?? [run.datasetId];
  const found: DatasetRecord[] = [];
  for (const id of ids) {
    const dataset = id === elsewhere ? null : await core.store.getDataset(id);
    if (dataset !== null) found.push(dataset);
  }
  if (found.length > 0) return found;
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
): Promise<{ flips: FlippedAnswer[]; comparisonIds: string[] }> {
  const comparisonIds =
    comparisonId === undefined ? await ownComparisons(core, comparisons, run, task) : [comparisonId];
  const keys = sampleKeys === undefined ? null : new Set(sampleKeys);
  const ids = sampleIds === undefined ? null : new Set(sampleIds);
  const flips: FlippedAnswer[] = [];
  for (const id of comparisonIds) {
    const old = await core.store.getEvaluation((await core.store.getComparison(id))?.leftEvaluationId ?? '');
    const isMade = old?.suiteKind === 'generate' || old?.suiteKind === null;
    const filter = keys === null && ids === null ? { kinds: ['negative' as const] } : {};
    await core.store.streamFlips(id, filter, { column: 'delta', direction: 'ascending' }, (rows) => {
      throwIfCancelled(task);
      const wanted = rows.filter(
        ({ sampleKey, sampleId }) => (keys?.has(sampleKey) ?? true) && (ids?.has(sampleId) ?? true),
      );
      flips.push(...wanted.slice(0, mostFlips - flips.length).map((row) => asFlip(row, isMade)));
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

/** The answer that was right before: of made texts the old one, of rated ones the one that was wanted. */
function asFlip({ sampleId, prompt, target, leftOutput }: FlipExportRow, isMade: boolean): FlippedAnswer {
  return { sampleId, prompt, answer: (isMade ? (leftOutput ?? target) : (target ?? leftOutput)) ?? '' };
}

async function ownComparisons(core: Core, comparisons: Comparisons, run: RunRecord, task: Task): Promise<string[]> {
  const newest = new Map<string, string>();
  for (const [base, later] of againstStart(await core.store.listEvaluations({ runId: run.id }))) {
    if (later.right + later.wrong === 0) continue;
    newest.set(later.suiteName, (await comparisons.ready(base.id, later.id, usualRule(base, later), task)).id);
  }
  return [...newest.values()];
}

async function mostSuspect(
  core: Core,
  { dataset, near, byGradient }: ScoredDataset,
  flips: readonly FlippedAnswer[],
  by: RowScoreName,
  limit: number,
): Promise<Suspect[]> {
  const flipOf = (row: number, id: string) => {
    const flip = flips[(by === 'gradient' ? byGradient?.get(id) : undefined) ?? near[row] ?? -1];
    return flip === undefined ? null : { sampleId: flip.sampleId, prompt: cut(flip.prompt) };
  };
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
      return { datasetName: dataset.name, rowId: id, number, scores, prompt, flip: flipOf(number - 1, id) };
    });
  } finally {
    await core.store.closeDatasetView(view.viewId);
  }
}

function cut(text: string): string {
  return text.length <= shownCharacters ? text : `${text.slice(0, shownCharacters)}…`;
}

function withoutScore(by: RowScoreName, notes: readonly string[]): WorkbenchError {
  const why =
    by === 'gradient'
      ? 'gradients were not compared yet.'
      : by === 'ches'
        ? 'CHES was not measured yet.'
        : (notes[0] ?? 'It is not known of this run.');
  return new WorkbenchError('bad-input', `Rows cannot be ordered by ${by}: ${why}`, {
    remedy:
      by === 'ches'
        ? 'Say --ches as well.'
        : by === 'gradient'
          ? 'Say --gradients as well.'
          : 'Order them by another score, with --by.',
  });
}
