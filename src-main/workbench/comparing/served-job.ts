import { hash } from 'node:crypto';
import path from 'node:path';
import { endpointFile } from '../../shared/domain/endpoints.ts';
import type { Endpoint } from '../../shared/domain/endpoints.ts';
import type { RunRecord, SuiteRecord } from '../../shared/domain/entities.ts';
import type { EvaluateJob, SuiteFile } from '../../shared/domain/jobs.ts';
import { writeWhole } from '../../system/whole-file.ts';
import type { Core } from '../core.ts';
import { findWeights, weightsFolder } from '../models/weights.ts';
import type { Weights } from '../models/weights.ts';
import { suiteFile } from '../runs/prepare.ts';
import type { Task } from '../supervision/task.ts';
import { inside } from '../workspace/inside.ts';
import { makeFolder } from '../../system/folders.ts';

/** The job that asks a server which has these weights, in place of loading them; what stands for the server is in the cache. */
export async function servedJob(
  core: Core,
  weights: Weights,
  suite: SuiteRecord,
  { through, seed, startOf }: { through: Endpoint; seed?: number | undefined; startOf?: RunRecord | undefined },
  task: Task,
): Promise<EvaluateJob> {
  const reward = await rewardModelFolder(core, suite, task);
  const text = `${JSON.stringify(through, null, 2)}\n`;
  const id = weights.kind === 'checkpoint' ? weights.checkpoint.id : weights.model.id;
  const folder = inside(core.layout.cache, 'served', hash('sha256', text, 'hex').slice(0, 32));
  await makeFolder(folder);
  await writeWhole(path.join(folder, endpointFile), text);
  return {
    kind: 'evaluate',
    modelPath: folder,
    suites: [withSeed(await suiteFile(core, suite), seed)],
    journalPath: journalFile(core, [text, id, startOf?.id], suite, seed),
    ...(reward === null ? {} : { rewardModelPath: reward }),
  };
}

/** Where answers are kept as they come: the same question to the same server continues where a try before it ended. */
export function journalFile({ layout }: Core, server: unknown, suite: SuiteRecord, seed: number | undefined): string {
  const asked = [server, suite.sha256, suite.kind, suite.decoding, suite.delimiter, seed, suite.repeats];
  return inside(layout.cache, 'answers', `${hash('sha256', JSON.stringify(asked), 'hex')}.ndjson`);
}

export async function rewardModelFolder(core: Core, suite: SuiteRecord, task: Task): Promise<string | null> {
  if (suite.scorer?.kind !== 'reward-model') return null;
  return weightsFolder(core, await findWeights(core, suite.scorer.model), task);
}

export function withSeed(suite: SuiteFile, seed: number | undefined): SuiteFile {
  if (seed === undefined || suite.decoding === undefined) return suite;
  return { ...suite, decoding: { ...suite.decoding, seed } };
}
