import { usualBeta } from '../../shared/domain/algorithms.ts';
import { openTokenizer } from '../patterns.ts';
import type { EvaluateJob } from '../../shared/domain/jobs.ts';
import { keptAnswers } from '../cached-tokens.ts';
import type { JobContext } from '../job-context.ts';
import { openFolder } from '../node-folders.ts';
import { hashModel, noCache, openNumberCache } from '../number-cache.ts';
import { readEndpoint, runEndpointJob } from './evaluate-endpoint.ts';
import { runMergeModelsJob } from './merge-models.ts';
import { Reference } from './reference.ts';
import { SharedModels } from './shared-models.ts';
import { SuiteRunner } from './suites.ts';

/** Suites on one model, outside a run; their mark is step 0. */
export async function runEvaluateJob(job: EvaluateJob, context: JobContext): Promise<void> {
  if (job.merged !== undefined) {
    await runMergeModelsJob({ kind: 'merge-models', ...job.merged, outPath: job.modelPath });
  }
  const endpoint = await readEndpoint(job.modelPath);
  if (endpoint !== null) return runEndpointJob(job, endpoint, context);
  const reader = openFolder(job.modelPath);
  const tokenizer = await openTokenizer(reader);
  const models = new SharedModels(context);
  const { adapterPath } = job;
  const model = await models.open({ path: job.modelPath, ...(adapterPath === undefined ? {} : { adapterPath }) });
  const reference =
    job.referencePath === undefined ? null : await openReference(job, job.referencePath, models, context);
  const old = job.old === undefined ? undefined : await openOld(job, job.old, models, context);
  const runner = await SuiteRunner.open(job.suites, tokenizer, model.config.maxPositions, context, {
    reference,
    beta: job.beta ?? usualBeta,
    rewardModelPath: job.rewardModelPath,
    old,
  });
  reference?.dispose();
  await context.emit(startedEvent(context, model));
  for await (const event of runner.run(model, tokenizer, 0)) await context.emit(event);
  runner.dispose();
  await models.dispose();
}

/** Where the reference is the evaluated model, or the base of it, its weights are in memory already. */
async function openReference(
  job: EvaluateJob,
  referencePath: string,
  models: SharedModels,
  context: JobContext,
): Promise<Reference> {
  const twin = referencePath === job.modelPath ? await models.open({ path: referencePath }) : null;
  return new Reference(referencePath, noCache, context, twin);
}

async function openOld(
  { cacheFolder }: EvaluateJob,
  { suiteIds, ...place }: NonNullable<EvaluateJob['old']>,
  models: SharedModels,
  context: JobContext,
) {
  const modelHash = async () => {
    const hashes = await Promise.all(
      [place.path, ...(place.adapterPath === undefined ? [] : [place.adapterPath])].map(hashModel),
    );
    return `${hashes.join(' ')} ${context.backend.name}`;
  };
  const cache = cacheFolder === undefined ? noCache : openNumberCache(cacheFolder);
  return { model: await models.open(place), answersTo: keptAnswers(cache, modelHash), suiteIds };
}

function startedEvent(context: JobContext, model: { parameters: ReadonlyMap<string, { size: number }> }) {
  const parameters = [...model.parameters.values()].reduce((sum, { size }) => sum + size, 0);
  const { backend } = context;
  return { type: 'started' as const, backend, totalSteps: 0, resumedAtStep: null, parameters, trainable: 0 };
}
