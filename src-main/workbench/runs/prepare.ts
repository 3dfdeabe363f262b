import { hash } from 'node:crypto';
import path from 'node:path';
import type { DatasetRecord, RunRecord, SuiteRecord } from '../../shared/domain/entities.ts';
import type { SuiteFile, TrainJob } from '../../shared/domain/jobs.ts';
import { writeWhole } from '../../system/whole-file.ts';
import type { Core } from '../core.ts';
import { cachedRows } from './cached-rows.ts';
import { existing, findByName } from '../workspace/names.ts';
import { requireAllowedProgram } from '../../system/programs.ts';
import { requireAllowedEndpoint } from '../../system/endpoints.ts';
import { inside, refuseLinksIn } from '../workspace/inside.ts';
import { version } from '../version.ts';
import { resumeRecord } from '../supervision/resume-record.ts';
import type { Task } from '../supervision/task.ts';
import { findWeights, weightsFolder } from '../models/weights.ts';
import { requireAllowedReward } from './resolve.ts';
import { heldOutName, heldOutSuite } from './held-out.ts';
import { withoutRows } from './left-out.ts';
import { writeMixture } from './mixture.ts';
import { runFolder } from './run-folder.ts';

/**
 * Writes everything a trainer reads as files and names it by path: the child never opens the database. Of a run that is trained
 * `elsewhere` the folder there is the only record: a scheduler starts it again without asking anybody.
 */
export async function prepareTrainJob(
  core: Core,
  run: RunRecord,
  { resume, elsewhere = false }: { resume: boolean; elsewhere?: boolean },
  task: Task,
): Promise<TrainJob> {
  const folder = runFolder(core.layout, run);
  await refuseLinksIn(folder.path);
  requireAllowedReward(run.spec);
  const inputs = await folder.readInputs();
  const sources: MixedDataset[] = [];
  for (const { datasetId, weight } of inputs.sources ?? [{ datasetId: inputs.datasetId, weight: 1 }]) {
    sources.push({ dataset: existing('dataset', await core.store.getDataset(datasetId), datasetId), weight });
  }
  const modelPath = await weightsFolder(core, await findWeights(core, inputs.model.id), task);
  const kept = withoutRows(sources, inputs.leftOut ?? []);
  const rows = await mixedRows(core, kept, run.spec.dataset.heldOut, inputs.sources !== undefined);
  const suites = await Promise.all(
    (await suitesOf(core, inputs.suiteIds, rows.heldOut)).map((suite) => suiteFile(core, suite)),
  );
  const rewardModelPath =
    inputs.rewardModel === null
      ? null
      : await weightsFolder(core, await findWeights(core, inputs.rewardModel.id), task);
  if (inputs.guardSetId !== null) await writeGuardRows(core, inputs.guardSetId, folder.file('guardRows'));
  const guardSuite = inputs.guardSuiteId === undefined ? null : await guardSuiteFile(core, inputs.guardSuiteId);
  return {
    kind: 'train',
    runId: run.id,
    spec: run.spec,
    modelPath,
    trainRowsPath: rows.path,
    ...(rows.trainSources === undefined ? {} : { trainSources: rows.trainSources }),
    suites,
    runFolder: folder.path,
    cacheFolder: referenceCache(core),
    // By version: another may score otherwise.
    ...(elsewhere ? {} : { keptFolder: path.join(core.layout.cache, 'evaluations', version) }),
    resume,
    ...(elsewhere ? {} : { record: await resumeRecord(core, run, resume) }),
    ...(rewardModelPath === null ? {} : { rewardModelPath }),
    ...(inputs.guardSetId === null ? {} : { guardRowsPath: folder.file('guardRows') }),
    ...(guardSuite === null ? {} : { guardSuite }),
  };
}

export interface MixedDataset {
  dataset: DatasetRecord;
  weight: number;
  /** Ids of rows that the spec leaves out. */
  leftOut?: readonly string[];
}

export interface TrainRows {
  path: string;
  /** Held-out pairs, one suite per dataset. */
  heldOut: SuiteRecord[];
  /** Of a mixture: whose rows are in the file, and how often each is seen. */
  trainSources?: NonNullable<TrainJob['trainSources']>;
}

/** Rows of a run: of one dataset as they are, or of several in one file, each row named after its dataset. */
export async function mixedRows(
  core: Core,
  sources: readonly MixedDataset[],
  fraction: number,
  asMixture: boolean,
): Promise<TrainRows> {
  const parts: ({ source: MixedDataset } & PreparedRows)[] = [];
  for (const source of sources)
    parts.push({ source, ...(await trainRows(core, source.dataset, fraction, source.leftOut)) });
  const heldOut = parts.flatMap((part) => (part.heldOut === null ? [] : [part.heldOut]));
  const [only] = parts;
  if (!asMixture && only !== undefined) return { path: only.path, heldOut };
  const digests = parts
    .map(({ source: { dataset }, path: from }) => `${dataset.id} ${dataset.sha256} ${path.basename(from)}`)
    .join('\n');
  const file = inside(core.layout.cache, 'rows', `mixture-${hash('sha256', `${fraction}\n${digests}`, 'hex')}.ndjson`);
  const total = parts.reduce((sum, { rows }) => sum + rows, 0);
  await cachedRows(file, total, (draft) =>
    writeMixture(
      draft,
      parts.map(({ source: { dataset }, path: from }) => ({ datasetId: dataset.id, path: from })),
    ),
  );
  const trainSources = sources.map(({ dataset, weight }) => ({ datasetId: dataset.id, name: dataset.name, weight }));
  return { path: file, heldOut, trainSources };
}

interface PreparedRows {
  path: string;
  rows: number;
  heldOut: SuiteRecord | null;
}

/** Rows to train on, without the held-out ones and those left out; one file per dataset and choice, shared by all runs. */
export async function trainRows(
  core: Core,
  dataset: DatasetRecord,
  fraction: number,
  leftOut: readonly string[] = [],
): Promise<PreparedRows> {
  const heldOut = fraction === 0 ? null : await heldOutSuite(core.store, dataset, fraction);
  const skip = [...new Set([...(heldOut?.rowIds ?? []), ...leftOut])];
  const without =
    leftOut.length === 0 ? '' : `-without-${hash('sha256', leftOut.toSorted().join('\n'), 'hex').slice(0, 16)}`;
  const file = inside(core.layout.cache, 'rows', `${dataset.sha256}-${fraction}${without}.ndjson`);
  const rows = dataset.rows - skip.length;
  await cachedRows(file, rows, async (draft) => {
    return (await core.store.exportDatasetRows(dataset.id, draft, { skip })).rows;
  });
  return { path: file, rows, heldOut: heldOut?.suite ?? null };
}

/** @throws WorkbenchError with the consent that is missing, where its scorer is a judge or a program that nobody here has allowed. */
export function requireAllowedScorer({ name, scorer }: Pick<SuiteRecord, 'name' | 'scorer'>): void {
  if (scorer?.kind === 'judge') requireAllowedEndpoint(scorer.endpoint, `The suite “${name}”`);
  if (scorer?.kind === 'command') requireAllowedProgram(scorer, `The suite “${name}”`);
}

export async function suiteFile(core: Core, suite: SuiteRecord): Promise<SuiteFile> {
  // Before anything is generated: a suite that came with somebody's workspace decides nothing about where texts go.
  requireAllowedScorer(suite);
  const file = inside(core.layout.cache, 'suites', `${suite.id}-${suite.sha256.slice(0, 16)}.ndjson`);
  await cachedRows(file, suite.items, async (draft) => (await core.store.exportSuiteItems(suite.id, draft)).items);
  const {
    items: _items,
    sha256: _sha256,
    origin: _origin,
    importId: _importId,
    createdAt: _createdAt,
    ...spec
  } = suite;
  return { ...spec, itemsPath: file };
}

async function suitesOf(
  core: Core,
  suiteIds: readonly string[],
  heldOut: readonly SuiteRecord[],
): Promise<SuiteRecord[]> {
  const known = await core.store.listSuites();
  return suiteIds.flatMap((id) => (id === heldOutName ? heldOut : [findByName('suite', known, id)]));
}

/** Where trainers keep what frozen models compute, across jobs. */
export function referenceCache({ layout }: Pick<Core, 'layout'>): string {
  return path.join(layout.cache, 'reference');
}

/** The suite of a flip hinge: its texts are read, and nobody scores them. */
export async function guardSuiteFile(core: Core, suiteId: string): Promise<SuiteFile> {
  const { scorer: _scorer, ...suite } = findByName('suite', await core.store.listSuites(), suiteId);
  return suiteFile(core, suite);
}

async function writeGuardRows(core: Core, guardSetId: string, file: string): Promise<void> {
  const rows = await core.store.guardSetRows(guardSetId);
  await writeWhole(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}
