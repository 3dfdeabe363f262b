import { betaOf, usualBeta } from '../../shared/domain/algorithms.ts';
import { endpointFamily } from '../../shared/domain/endpoints.ts';
import type { Endpoint } from '../../shared/domain/endpoints.ts';
import type { RunRecord, SuiteRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { isAnswered } from '../../shared/domain/evaluations.ts';
import type { EvaluateJob } from '../../shared/domain/jobs.ts';
import { elsewhere } from '../../shared/domain/run-origin.ts';
import type { SeenJob } from '../../shared/domain/sites.ts';
import type { Core } from '../core.ts';
import { adapterBase, baseFolder, evaluatedPlace, findWeights, weightsFolder } from '../models/weights.ts';
import type { Weights } from '../models/weights.ts';
import { referenceCache, suiteFile } from '../runs/prepare.ts';
import type { Task } from '../supervision/task.ts';
import { journalFile, rewardModelFolder, withSeed } from './served-job.ts';

export interface EvaluateOptions {
  name?: string | undefined;
  /** Of sampled decoding: two evaluations of one checkpoint under different seeds are its noise floor. */
  seed?: number | undefined;
  /** `pairs`: judge by implicit reward against these weights (a model, checkpoint or run), with this beta. */
  reference?: string | undefined;
  beta?: number | undefined;
  /** `generate`: also tell KL(old ‖ new) of these weights (a model, checkpoint or run) to the model, as `kl/pre`. */
  klFrom?: string | undefined;
  /** The model is what this run began with: the evaluation is the run’s, before training. */
  startOf?: RunRecord | undefined;
  /** A server that has these very weights is asked instead of loading them. */
  through?: Endpoint | undefined;
  /** A site evaluates it, as one job, and the results are brought back. */
  site?: string | undefined;
  /** Called whenever the job at the site does something else. */
  onJob?: ((job: SeenJob) => void) | undefined;
  /** A cancel leaves the job to the site: asked again, its result is waited for. */
  leave?: boolean | undefined;
  /** Called with what the evaluation has to say to a person: what got no verdict, and why. */
  say?: ((sentence: string) => void) | undefined;
}

/** Everything that the evaluation reads, as files. */
export async function evaluateJob(
  core: Core,
  weights: Weights,
  suite: SuiteRecord,
  options: EvaluateOptions,
  task: Task,
): Promise<EvaluateJob> {
  const file = await suiteFile(core, suite);
  const reward = await rewardModelFolder(core, suite, task);
  if (options.klFrom !== undefined) requireKlSuite(suite, weights);
  const old =
    options.klFrom === undefined ? null : await weightsFolder(core, await findWeights(core, options.klFrom), task);
  const reference = await referenceOf(core, weights, { ...options, ...startReference(weights, suite, options) }, task);
  // A site gets an adapter as it is: its base is brought once.
  const apart = options.site === undefined ? null : await adapterBase(core, weights, task);
  const alsoLoaded = [reference.referencePath, old, apart].filter((folder) => typeof folder === 'string');
  const { path: modelPath, ...onIt } = await evaluatedPlace(core, weights, alsoLoaded, task);
  return {
    ...{ kind: 'evaluate', modelPath, ...onIt },
    suites: [withSeed(file, options.seed)],
    ...journalOf(core, weights, suite, options),
    ...reference,
    ...(reward === null ? {} : { rewardModelPath: reward }),
    ...(old === null ? {} : { old: { path: old, suiteIds: [suite.id] } }),
    ...(options.site === undefined ? { cacheFolder: referenceCache(core) } : {}),
  };
}

function requireKlSuite(suite: SuiteRecord, weights: Weights): void {
  const isServed = weights.kind === 'model' && weights.model.family === endpointFamily;
  if (isAnswered(suite.kind) && !isServed) return;
  throw new WorkbenchError(
    'unsupported',
    isServed
      ? `“${weights.label}” is a model behind a server: its KL to another model cannot be told.`
      : `The suite “${suite.name}” has no prompts to be answered (${suite.kind}), so no KL can be told on it.`,
    { remedy: 'Use weights that are in this workspace and a suite of the kind generate or outputs.' },
  );
}

/** Before training every implicit reward is 0: pairs are held against the model itself, as they are in a run of our own. */
function startReference(
  weights: Weights,
  suite: SuiteRecord,
  { startOf }: EvaluateOptions,
): Pick<EvaluateOptions, 'reference' | 'beta'> {
  if (startOf === undefined || weights.kind !== 'model' || suite.kind !== 'pairs') return {};
  return { reference: weights.model.id, beta: betaOf(startOf.spec.algorithm) };
}

/** The same question to the same server continues where a try before it ended. */
function journalOf(
  core: Core,
  weights: Weights,
  suite: SuiteRecord,
  { seed }: EvaluateOptions,
): Pick<EvaluateJob, 'journalPath'> {
  if (weights.kind !== 'model' || weights.model.family !== endpointFamily) return {};
  return { journalPath: journalFile(core, weights.model.sha256, suite, seed) };
}

/** Pairs of a checkpoint are judged by its implicit reward against the start of its run, as they were during training. */
async function referenceOf(
  core: Core,
  weights: Weights,
  { reference, beta }: EvaluateOptions,
  task: Task,
): Promise<Pick<EvaluateJob, 'referencePath' | 'beta'>> {
  if (reference !== undefined) {
    const referencePath = await weightsFolder(core, await findWeights(core, reference), task);
    return { referencePath, beta: beta ?? usualBeta };
  }
  if (weights.kind === 'model' || weights.run.spec.algorithm.kind === 'reward') return {};
  // Trained elsewhere from a model that is not here: pairs are judged by their plain log-probs.
  if (weights.run.modelId === elsewhere) return {};
  const { algorithm } = weights.run.spec;
  return {
    referencePath: await baseFolder(core, weights.run, task),
    beta: betaOf(algorithm),
  };
}
