import { usualFromPosition, usualMinWordLength } from '../../shared/domain/evaluations.ts';
import { hash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { endpointFamily, endpointFile, endpointSchema } from '../../shared/domain/endpoints.ts';
import type { EvaluationRecord, ImportRecord, RunRecord, SuiteRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { EvaluateJob } from '../../shared/domain/jobs.ts';
import type { TrainerEvent } from '../../shared/domain/trainer-events.ts';
import type { Ingest, IngestOutcome, NewRecord } from '../../store/api.ts';
import type { SampleResult } from '../../shared/domain/evaluations.ts';
import type { SeenJob } from '../../shared/domain/sites.ts';
import type { Core } from '../core.ts';
import { existing, findByName, freeName } from '../workspace/names.ts';
import { requireAllowedScorer } from '../runs/prepare.ts';
import type { SiteEvaluationRequest } from '../sites/evaluation-note.ts';
import type { Sites } from '../sites/sites.ts';
import { runTrainerJob } from '../supervision/trainer-jobs.ts';
import type { Task } from '../supervision/task.ts';
import { findWeights } from '../models/weights.ts';
import type { Weights } from '../models/weights.ts';
import { evaluationName, weightsName } from '../../shared/presentation/names.ts';
import { evaluateJob } from './evaluate-job.ts';
import type { EvaluateOptions } from './evaluate-job.ts';
import { pairOf, pairsOf } from './named-evaluations.ts';
import { sentMeasure } from './sent-measure.ts';
import { servedJob } from './served-job.ts';

export interface Evaluations {
  list(filter?: { runId?: string; checkpointId?: string; suiteId?: string }): Promise<EvaluationRecord[]>;
  /** Runs a suite on a run's newest checkpoint, a checkpoint or a model (each by name or id), to the end. */
  evaluate(target: string, suite: string, options: EvaluateOptions, task: Task): Promise<EvaluationRecord>;
  /** Hands it to a site; resolves once Slurm has it. Whichever program is there when the job ends stores it. */
  hand(target: string, suite: string, options: EvaluateOptions & { site: string }, task: Task): Promise<SeenJob>;
  /**
   * The two evaluations that a comparison's words stand for. A word names an evaluation, or a run, checkpoint or model,
   * which stands for its newest evaluation on the suite both have.
   */
  pair(left: string, right: string, suite?: string): Promise<[EvaluationRecord, EvaluationRecord]>;
  /** All such pairs, one per suite that both sides have: a folder of several tasks against another. */
  pairs(left: string, right: string, suite?: string): Promise<[EvaluationRecord, EvaluationRecord][]>;
  remove(evaluationId: string): Promise<void>;
}

export function createEvaluations(core: Core, sites: Pick<Sites, 'evaluations'>): Evaluations {
  const { store, bus } = core;
  return {
    list: (filter) => store.listEvaluations(filter),
    async evaluate(target, suiteName, options, task) {
      const id =
        options.site === undefined
          ? await evaluateHere(core, target, suiteName, options, task)
          : await sites.evaluations.evaluate(
              await siteRequest(core, target, suiteName, { ...options, site: options.site }),
              { leave: options.leave === true },
              task,
            );
      bus.publish({ topic: 'changed', lists: ['evaluations'] });
      return existing('evaluation', await store.getEvaluation(id), id);
    },
    async hand(target, suiteName, options, task) {
      return sites.evaluations.hand(await siteRequest(core, target, suiteName, options), task);
    },
    pair: (left, right, suite) => pairOf(core, left, right, suite),
    pairs: (left, right, suite) => pairsOf(core, left, right, suite),
    async remove(evaluationId) {
      await store.removeEvaluation(evaluationId);
      bus.publish({ topic: 'changed', lists: ['evaluations', 'comparisons'] });
    },
  };
}

async function evaluateHere(
  core: Core,
  target: string,
  suiteName: string,
  options: EvaluateOptions,
  task: Task,
): Promise<string> {
  const { store } = core;
  const suite = findByName('suite', await store.listSuites(), suiteName);
  const weights = await findWeights(core, target);
  const job =
    options.through === undefined
      ? await evaluateJob(core, weights, suite, options, task)
      : await servedJob(core, weights, suite, { ...options, through: options.through }, task);
  const name = await nameOf(core, weights, suite, options);
  return ingestEvaluation(core, job, { name, suite, weights, startOf: options.startOf }, options.say, task);
}

async function nameOf(
  { store }: Core,
  weights: Weights,
  suite: SuiteRecord,
  { name, startOf }: EvaluateOptions,
): Promise<string> {
  const label = startOf === undefined ? weights.label : weightsName(startOf.name, 0);
  return name ?? freeName(await store.listEvaluations(), evaluationName(label, suite.name));
}

/** What a site is asked. The same question of a program that was killed is waited for, and not asked twice. */
async function siteRequest(
  core: Core,
  target: string,
  suiteName: string,
  options: EvaluateOptions & { site: string },
): Promise<SiteEvaluationRequest> {
  const suite = findByName('suite', await core.store.listSuites(), suiteName);
  const weights = await findWeights(core, target);
  const { site, seed, reference, beta, klFrom, startOf, say, onJob } = options;
  if (options.through !== undefined || (weights.kind === 'model' && weights.model.family === endpointFamily)) {
    throw new WorkbenchError('unsupported', `A model behind a server is asked from here, and not from “${site}”.`, {
      remedy: 'Leave the site out.',
    });
  }
  requireAllowedScorer(suite);
  const { sha256 } = weights.kind === 'model' ? weights.model : weights.checkpoint;
  const question = [sha256, target, suite.id, suite.sha256, seed, reference, beta, klFrom, startOf?.id, options.name];
  const asked = hash('sha256', JSON.stringify(question), 'hex');
  const head = { name: await nameOf(core, weights, suite, options), suiteId: suite.id, ...whatOf(weights, startOf) };
  return { site, asked, head, say, onJob, job: (task) => evaluateJob(core, weights, suite, options, task) };
}

function whatOf(weights: Weights, startOf: RunRecord | undefined) {
  const checkpoint = weights.kind === 'checkpoint' ? weights.checkpoint : null;
  return {
    modelId: weights.kind === 'model' ? weights.model.id : weights.run.modelId,
    runId: checkpoint?.runId ?? startOf?.id ?? null,
    checkpointId: checkpoint?.id ?? null,
    step: checkpoint?.step ?? (startOf === undefined ? null : 0),
  };
}

/** Runs the job and stores what it says; nothing is left of an evaluation that did not end. */
async function ingestEvaluation(
  core: Core,
  job: EvaluateJob,
  head: { name: string; suite: SuiteRecord; weights: Weights; startOf: RunRecord | undefined },
  say: EvaluateOptions['say'],
  task: Task,
): Promise<string> {
  const { name, suite, weights, startOf } = head;
  const ingest = await core.store.beginEvaluation({
    name,
    suiteId: suite.id,
    suiteName: suite.name,
    ...whatOf(weights, startOf),
    decoding: suite.decoding ?? null,
    measure: sentMeasure(suite),
    import: job.journalPath === undefined ? null : await serverImport(job, name),
  });
  try {
    const outcome: IngestOutcome = {};
    let samples = 0;
    await runTrainerJob(core, job, withoutDevice(job, task), (events) => {
      for (const event of events) {
        if (event.type === 'log') say?.(event.message);
        if (event.type === 'evaluation-batch') samples += event.results.length;
      }
      return takeResults(ingest, outcome, events);
    });
    const id = await ingest.commit(outcome);
    if (job.journalPath !== undefined) await rm(job.journalPath, { force: true });
    if (samples === 0) say?.(noSamples(suite));
    return id;
  } catch (error) {
    await ingest.abandon();
    throw error;
  }
}

/** Words are asked for by the tokens of the model: only an evaluation tells that a suite has none. */
function noSamples({ name, kind, fromPosition, minWordLength }: SuiteRecord): string {
  if (kind !== 'words') return `“${name}” gave no sample.`;
  const letters = minWordLength ?? usualMinWordLength;
  return `“${name}” gave no sample: words of ${letters} letters or more are asked for from token ${fromPosition ?? usualFromPosition} of a text on, and its texts end before.`;
}

/** A server computes what is asked of it; waiting for the device that it may have itself would never end. */
function withoutDevice({ journalPath, rewardModelPath }: EvaluateJob, task: Task): Task {
  if (journalPath === undefined || rewardModelPath !== undefined) return task;
  return { ...task, device: { release: () => Promise.resolve() } };
}

async function takeResults(
  ingest: Ingest<SampleResult>,
  outcome: IngestOutcome,
  events: readonly TrainerEvent[],
): Promise<void> {
  for (const event of events) {
    if (event.type === 'evaluation-batch') await ingest.push(event.results);
    if (event.type !== 'evaluation-done') continue;
    outcome.summary = event.summary;
    if (event.server !== undefined) outcome.import = serverFacts(event.server);
  }
}

/** What a server answered came from elsewhere: its evaluation keeps from where, under which fingerprint, and what could not be controlled. */
async function serverImport(job: EvaluateJob, name: string): Promise<NewRecord<ImportRecord>> {
  const { url, model } = endpointSchema.parse(
    JSON.parse(await readFile(path.join(job.modelPath, endpointFile), 'utf8')),
  );
  return {
    target: 'evaluation',
    name,
    source: `${url} · ${model}`,
    sha256: '',
    tool: 'endpoint',
    toolVersion: null,
    accepted: 0,
    rejected: 0,
    problems: [],
    undoneAt: null,
  };
}

function serverFacts({
  fingerprint,
  uncontrolled,
}: {
  fingerprint: string | null;
  uncontrolled: readonly string[];
}): NonNullable<IngestOutcome['import']> {
  const problems = uncontrolled.map((reason) => ({ reason: `not controlled: ${reason}`, count: 1, firstLines: [] }));
  return { toolVersion: fingerprint, problems };
}
