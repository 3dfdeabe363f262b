import os from 'node:os';
import { concludeCheck, nearThreshold, overlapThreshold } from '../../shared/domain/data/check.ts';
import type { CheckSettings, StoredCheck, TokenLengths } from '../../shared/domain/data/check.ts';
import type { RowReading } from '../../shared/domain/data/shown-row.ts';
import type { DatasetRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { readLengths } from '../../trainer/reading/read-rows.ts';
import type { Core } from '../core.ts';
import { findWeights, weightsFolder } from '../models/weights.ts';
import type { Weights } from '../models/weights.ts';
import { trainRows } from '../runs/prepare.ts';
import { partOf, throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { findByName, findByNameOrNull } from '../workspace/names.ts';
import { readingFor, usualMaxLength } from './show-row.ts';

export interface CheckChoice {
  model?: string | undefined;
  reading?: RowReading | undefined;
  maxLength?: number | undefined;
  /** Suites and evaluations, by name or id. */
  against?: readonly string[] | undefined;
}

/** What a dataset holds; a check that was made with the same settings is shown at once. */
export async function checkDataset(
  core: Core,
  dataset: DatasetRecord,
  choice: CheckChoice,
  task: Task,
): Promise<StoredCheck> {
  const { settings, weights } = await settingsFor(core, dataset, choice);
  // Lists show the findings of the check that was asked for last.
  const known = core.readOnly
    ? await core.store.getDatasetCheck(dataset.id, settings)
    : await core.store.useDatasetCheck(dataset.id, settings);
  if (known !== null) return known;
  const abort = new AbortController();
  const both = { ...task, signal: AbortSignal.any([task.signal, abort.signal]) };
  // The texts are scanned in one thread while others read lengths; the slower one tells how far the whole is.
  const told = { texts: 0, tokens: weights === null ? 1 : 0 };
  const tell = (part: keyof typeof told) => (fraction: number) => {
    told[part] = fraction;
    task.progress(part === 'texts' ? 'reading rows' : 'counting tokens', Math.min(told.texts, told.tokens));
  };
  const scanning = core.store.scanDataset(dataset.id, settings, tell('texts'), both.signal);
  const counting = weights === null ? null : countTokens(core, dataset, settings, weights, both, tell('tokens'));
  try {
    const [scan, tokens] = await Promise.all([scanning, counting]);
    throwIfCancelled(task);
    await core.store.putDatasetCheck(dataset.id, concludeCheck(dataset.kind, settings, scan, tokens));
  } catch (error) {
    // The other thread has nobody left to work for.
    abort.abort();
    await Promise.allSettled([scanning, counting]);
    throw error;
  }
  core.bus.publish({ topic: 'changed', lists: ['datasets'] });
  const made = await core.store.getDatasetCheck(dataset.id, settings);
  if (made === null) throw new WorkbenchError('not-found', `“${dataset.name}” was deleted meanwhile.`);
  return made;
}

export async function settingsFor(
  core: Core,
  dataset: DatasetRecord,
  { model, reading, maxLength, against = [] }: CheckChoice,
): Promise<{ settings: CheckSettings; weights: Weights | null }> {
  if (model === undefined && maxLength !== undefined) {
    throw new WorkbenchError('bad-input', 'A length limit is in tokens, so it needs a model.', {
      remedy: 'Give --model too.',
      place: { field: 'max-length' },
    });
  }
  const weights = model === undefined ? null : await findWeights(core, model);
  const settings: CheckSettings = {
    nearThreshold,
    overlapThreshold,
    model: weights === null ? null : { name: weights.label, sha256: digestOf(weights) },
    reading: readingFor(dataset, reading),
    maxLength: weights === null ? null : (maxLength ?? usualMaxLength),
    against: await findAgainst(core, against),
  };
  return { settings, weights };
}

function digestOf(weights: Weights): string {
  return weights.kind === 'model' ? weights.model.sha256 : weights.checkpoint.sha256;
}

async function findAgainst({ store }: Core, names: readonly string[]): Promise<CheckSettings['against']> {
  if (names.length === 0) return [];
  const suites = await store.listSuites();
  const evaluations = await store.listEvaluations({});
  return [...new Set(names)].map((text) => {
    const suite = findByNameOrNull('suite', suites, text);
    if (suite !== null) return { kind: 'suite', id: suite.id, name: suite.name, digest: suite.sha256 };
    const evaluation = findByNameOrNull('evaluation', evaluations, text);
    if (evaluation !== null) {
      return { kind: 'evaluation', id: evaluation.id, name: evaluation.name, digest: String(evaluation.samples) };
    }
    // Says what suites there are.
    const { id, name, sha256 } = findByName('suite', suites, text);
    return { kind: 'suite', id, name, digest: sha256 };
  });
}

/** Below this, a second thread takes longer to start than it saves. */
const rowsForTwo = 5_000;
const mostThreads = 2;

async function countTokens(
  core: Core,
  dataset: DatasetRecord,
  { reading, maxLength }: CheckSettings,
  weights: Weights,
  task: Task,
  tell: (fraction: number) => void,
): Promise<TokenLengths> {
  const modelPath = await weightsFolder(core, weights, partOf(task, 0, 0));
  const { path: rowsPath } = await trainRows(core, dataset, 0);
  const of = dataset.rows < rowsForTwo ? 1 : Math.min(mostThreads, os.availableParallelism());
  const done = new Array<number>(of).fill(0);
  const lengths: TokenLengths = {
    prompt: new Int32Array(dataset.rows),
    first: new Int32Array(dataset.rows),
    second: new Int32Array(dataset.rows),
    fate: new Uint8Array(dataset.rows),
  };
  await Promise.all(
    done.map(async (_, part) => {
      const onProgress = (rows: number): void => {
        done[part] = rows;
        tell(done.reduce((sum, value) => sum + value, 0) / dataset.rows);
      };
      const found = await readLengths(
        { modelPath, rowsPath, rows: dataset.rows, reading, maxLength: maxLength ?? usualMaxLength, part, of },
        { signal: task.signal, onProgress },
      );
      for (const name of ['prompt', 'first', 'second', 'fate'] as const) {
        found[name].forEach((value, i) => (lengths[name][i * of + part] = value));
      }
    }),
  );
  tell(1);
  return lengths;
}
