import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { EvaluationRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { TokenLedger } from '../../shared/domain/evaluations.ts';
import type { SampleDetail } from '../../shared/domain/flip-view.ts';
import type { LedgerJob } from '../../shared/domain/jobs.ts';
import { writeWhole } from '../../system/whole-file.ts';
import type { Core } from '../core.ts';
import { existing } from '../workspace/names.ts';
import { runFolder } from '../runs/run-folder.ts';
import type { Task } from '../supervision/task.ts';
import { runTrainerJob } from '../supervision/trainer-jobs.ts';
import { findWeights, type Weights, weightsPlaces } from '../models/weights.ts';
import { makeFolder } from '../../system/folders.ts';

export interface Samples {
  detail(comparisonId: string, sampleKey: number): Promise<SampleDetail>;
  /** Per-token log-probs of the sample's texts under both sides' weights; measured on demand and kept in the cache. */
  ledger(comparisonId: string, sampleKey: number, task: Task): Promise<TokenLedger[]>;
  /** Ledgers of several samples in one go, by sample key; empty where a side's weights are not here. */
  ledgersWherePossible(
    comparisonId: string,
    sampleKeys: readonly number[],
    task: Task,
  ): Promise<Map<number, TokenLedger[]>>;
}

export function createSamples(core: Core): Samples {
  const { store } = core;

  async function detail(comparisonId: string, sampleKey: number): Promise<SampleDetail> {
    const found = await store.sampleDetail(comparisonId, sampleKey);
    if (found === null) throw new WorkbenchError('not-found', 'This comparison has no such sample.');
    return found;
  }

  return {
    detail,
    async ledger(comparisonId, sampleKey, task) {
      const sample = await detail(comparisonId, sampleKey);
      const texts = await textsOf(core, sample);
      const sides = await sidePlaces(core, sample, task);
      if (texts.length === 0) return [];
      return measured(core, { kind: 'ledger', ...sides, texts }, task);
    },
    async ledgersWherePossible(comparisonId, sampleKeys, task) {
      const details = await Promise.all(sampleKeys.map((key) => detail(comparisonId, key)));
      const texts: { key: number; text: LedgerJob['texts'][number] }[] = [];
      for (const sample of details) {
        texts.push(...(await textsOf(core, sample)).map((text) => ({ key: sample.sampleKey, text })));
      }
      const sides = await sidesWherePossible(core, details[0], task);
      const byKey = new Map<number, TokenLedger[]>();
      if (sides === null || texts.length === 0) return byKey;
      const ledgers = await measured(core, { kind: 'ledger', ...sides, texts: texts.map(({ text }) => text) }, task);
      for (const [i, { key }] of texts.entries()) {
        const ledger = ledgers[i];
        if (ledger !== undefined) byKey.set(key, [...(byKey.get(key) ?? []), ledger]);
      }
      return byKey;
    },
  };
}

/**
 * Every text of the sample that a model can be asked about, each once, joined as when it was evaluated: without a delimiter
 * “wanted to” and “play” would be read as one word, and behind the part of a text that is shown a word is another.
 */
export function ledgerTexts(
  sample: SampleDetail,
  { context: prompt, delimiter }: { context: string; delimiter: string },
): LedgerJob['texts'] {
  const { target, rejected } = sample;
  const left = sample.left?.output ?? null;
  const right = sample.right?.output ?? null;
  const candidates: [TokenLedger['part'], string | null][] = [
    [rejected === null ? 'target' : 'chosen', target],
    ['rejected', rejected],
    ...(left === right
      ? [['output', left] satisfies [TokenLedger['part'], string | null]]
      : [
          ['left-output', left] satisfies [TokenLedger['part'], string | null],
          ['right-output', right] satisfies [TokenLedger['part'], string | null],
        ]),
  ];
  const texts: LedgerJob['texts'] = [];
  for (const [part, response] of candidates) {
    if (response === null || response === '') continue;
    const joined = prompt === '' || /\s$/.test(prompt) || /^\s/.test(response) ? response : delimiter + response;
    if (!texts.some((text) => text.response === joined)) texts.push({ part, prompt, response: joined });
  }
  return texts;
}

async function textsOf({ store }: Core, sample: SampleDetail): Promise<LedgerJob['texts']> {
  const evaluationId = (sample.left ?? sample.right)?.evaluationId;
  const joining = evaluationId === undefined ? null : await store.joiningOf(evaluationId, sample.sampleKey);
  return ledgerTexts(sample, joining ?? { context: sample.prompt, delimiter: '' });
}

type Sides = Pick<LedgerJob, 'left' | 'right'>;

async function sidesWherePossible(core: Core, sample: SampleDetail | undefined, task: Task): Promise<Sides | null> {
  try {
    return await sidePlaces(core, sample, task);
  } catch (error) {
    if (error instanceof WorkbenchError && ['unsupported', 'not-found', 'corrupt'].includes(error.code)) return null;
    throw error;
  }
}

/** Where the weights are that gave both sides their answers: a base and an adapter on it are loaded together. */
async function sidePlaces(core: Core, sample: SampleDetail | undefined, task: Task): Promise<Sides> {
  const old = await sideWeights(core, sample?.left?.evaluationId);
  const [left, right] = await weightsPlaces(core, [old, await sideWeights(core, sample?.right?.evaluationId)], task);
  if (left === undefined || right === undefined) throw new WorkbenchError('internal', 'A side has no weights.');
  return { left, right };
}

async function sideWeights(core: Core, evaluationId: string | undefined): Promise<Weights> {
  if (evaluationId === undefined) throw new WorkbenchError('unsupported', 'The sample has only one side.');
  const evaluation = existing('evaluation', await core.store.getEvaluation(evaluationId), evaluationId);
  return findWeights(core, await weightsIdOf(core, evaluation));
}

async function weightsIdOf(core: Core, evaluation: EvaluationRecord): Promise<string> {
  if (evaluation.checkpointId !== null) return evaluation.checkpointId;
  if (evaluation.runId !== null && evaluation.step !== null && evaluation.step > 0) {
    const checkpoints = await core.store.listCheckpoints(evaluation.runId);
    const found = checkpoints.find((checkpoint) => checkpoint.step === evaluation.step);
    if (found !== undefined) return found.id;
    throw new WorkbenchError('unsupported', `The weights of “${evaluation.name}” were not kept.`, {
      remedy: 'Write a checkpoint at every evaluation: set checkpoint.every to evaluate.every.',
    });
  }
  if (evaluation.runId !== null) return startOf(core, evaluation.runId);
  if (evaluation.modelId !== null) return evaluation.modelId;
  throw new WorkbenchError(
    'unsupported',
    `“${evaluation.name}” was imported, and its model is not in this workspace.`,
    {
      remedy: 'A token ledger needs the weights of both sides: import the models and evaluate them here.',
    },
  );
}

async function startOf(core: Core, runId: string): Promise<string> {
  const run = await core.store.getRun(runId);
  if (run === null) throw new WorkbenchError('not-found', 'The run of this evaluation is gone.');
  return (await runFolder(core.layout, run).readInputs()).model.id;
}

async function measured(core: Core, job: LedgerJob, task: Task): Promise<TokenLedger[]> {
  const folder = path.join(core.layout.cache, 'ledgers');
  const file = path.join(folder, `${hash('sha256', JSON.stringify(job), 'hex')}.json`);
  const kept = await readFile(file, 'utf8').catch(() => null);
  // Written below, by this program.
  if (kept !== null) return JSON.parse(kept) as TokenLedger[];
  const ledgers: TokenLedger[] = [];
  await runTrainerJob(core, job, task, (events) => {
    for (const event of events) if (event.type === 'ledger') ledgers.push(...event.ledgers);
  });
  await makeFolder(folder);
  await writeWhole(file, JSON.stringify(ledgers));
  return ledgers;
}
