import type { SuiteRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { EvaluateJob } from '../../shared/domain/jobs.ts';
import type { SampleResult } from '../../shared/domain/evaluations.ts';
import { evaluationName } from '../../shared/presentation/names.ts';
import type { Ingest } from '../../store/api.ts';
import type { Core } from '../core.ts';
import { findWeights, weightsFolder, weightsPlaces } from '../models/weights.ts';
import type { Weights } from '../models/weights.ts';
import { referenceCache, suiteFile } from '../runs/prepare.ts';
import type { Task } from '../supervision/task.ts';
import { runTrainerJob } from '../supervision/trainer-jobs.ts';
import { freeName } from '../workspace/names.ts';

export interface SuitesOptions {
  /** Weights whose KL to these is told on the suites of these ids. */
  klFrom: { weights: string; suiteIds: string[] } | null;
  /** Called when a suite is over and its evaluation is stored: what comes after it may fail. */
  onDone: (suite: SuiteRecord, evaluationId: string) => Promise<void>;
}

/** Several suites on weights that are loaded once; of those that need no reference (all but pairs). */
export async function evaluateSuites(
  core: Core,
  target: string,
  suites: readonly SuiteRecord[],
  { klFrom, onDone }: SuitesOptions,
  task: Task,
): Promise<void> {
  if (suites.length === 0) return;
  const weights = await findWeights(core, target);
  const files = [];
  for (const suite of suites) files.push(await suiteFile(core, suite));
  const rewardModelPath = await rewardModelOf(core, suites, task);
  const targets = klFrom === null ? [weights] : [weights, await findWeights(core, klFrom.weights)];
  const [model, old] = await weightsPlaces(core, targets, task);
  const { path: modelPath = '', ...onIt } = model ?? {};
  const job: EvaluateJob = {
    ...{ kind: 'evaluate', modelPath, ...onIt },
    suites: files,
    ...(rewardModelPath === null ? {} : { rewardModelPath }),
    ...(klFrom === null || old === undefined ? {} : { old: { ...old, suiteIds: klFrom.suiteIds } }),
    cacheFolder: referenceCache(core),
  };
  let open: { suite: SuiteRecord; ingest: Ingest<SampleResult> } | null = null;
  try {
    await runTrainerJob(core, job, task, async (events) => {
      for (const event of events) {
        if (event.type === 'evaluation-started') {
          const suite = suites.find(({ id }) => id === event.mark.suiteId);
          if (suite !== undefined) open = { suite, ingest: await begin(core, weights, suite) };
        }
        if (open === null) continue;
        if (event.type === 'evaluation-batch') await open.ingest.push(event.results);
        if (event.type !== 'evaluation-done') continue;
        const { suite, ingest } = open;
        open = null;
        await onDone(suite, await ingest.commit({ summary: event.summary }));
      }
    });
  } finally {
    // Nothing is left of a suite that did not come to its end.
    await (open as { ingest: Ingest<SampleResult> } | null)?.ingest.abandon();
  }
  core.bus.publish({ topic: 'changed', lists: ['evaluations'] });
}

async function begin({ store }: Core, weights: Weights, suite: SuiteRecord): Promise<Ingest<SampleResult>> {
  const checkpoint = weights.kind === 'checkpoint' ? weights.checkpoint : null;
  return store.beginEvaluation({
    name: freeName(await store.listEvaluations(), evaluationName(weights.label, suite.name)),
    suiteId: suite.id,
    suiteName: suite.name,
    modelId: weights.kind === 'model' ? weights.model.id : weights.run.modelId,
    runId: checkpoint?.runId ?? null,
    checkpointId: checkpoint?.id ?? null,
    step: checkpoint?.step ?? null,
    decoding: suite.decoding ?? null,
    import: null,
  });
}

export async function rewardModelOf(core: Core, suites: readonly SuiteRecord[], task: Task): Promise<string | null> {
  const names = [...new Set(suites.flatMap(({ scorer }) => (scorer?.kind === 'reward-model' ? [scorer.model] : [])))];
  const [name, ...others] = names;
  if (others.length > 0) {
    throw new WorkbenchError(
      'unsupported',
      `These suites are scored by ${names.length} reward models: ${names.join(', ')}.`,
      {
        remedy: 'Use one reward model for all suites that are measured together.',
      },
    );
  }
  return name === undefined ? null : weightsFolder(core, await findWeights(core, name), task);
}
