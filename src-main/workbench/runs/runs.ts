import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { SpecCheck, FlipMeterPoint } from '../../shared/contract/views.ts';
import type { RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { hasEnded } from '../../shared/domain/run-states.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import { isMixture } from '../../shared/domain/train-sources.ts';
import { flushFolder, writeWhole } from '../../system/whole-file.ts';
import type { Comparisons } from '../comparing/comparisons.ts';
import type { Task } from '../supervision/task.ts';
import type { Core } from '../core.ts';
import { removeInside } from '../workspace/inside.ts';
import { findByName, freeName } from '../workspace/names.ts';
import type { Weights } from '../models/weights.ts';
import { createSpecChecks, requireLaunchable } from './check.ts';
import { flipMeter } from './flip-meter.ts';
import { heldOutName } from './held-out.ts';
import { createRunSupervisor } from '../supervision/supervisor.ts';
import { createRecovery } from '../supervision/recover.ts';
import type { ResolvedSpec } from './resolve.ts';
import { runFolder } from './run-folder.ts';
import { requireFolder } from '../models/weights.ts';
import type { RunRequest, WeightsRef } from './run-folder.ts';
import { sweepSpecs } from './sweep-specs.ts';
import { specObject } from './spec-text.ts';
import type { SpecInput } from './spec-text.ts';
import type { Sites } from '../sites/sites.ts';
import type { OwnedRun } from '../sites/pending-runs.ts';
import { requireOwn, requireResumable } from './may-change.ts';
import { makeFolder } from '../../system/folders.ts';

export interface LaunchOptions {
  parentRunId?: string | undefined;
  relation?: RunRecord['relation'];
  sweepId?: string;
  /** Named in messages about a spec that came from a file. */
  file?: string | undefined;
  /** The site to hand it to; this machine unless given. */
  site?: string | undefined;
}

/** Training runs: checked, queued, trained in a child, stopped, resumed, relaunched. */
export interface Runs {
  list(): Promise<RunRecord[]>;
  get(runId: string): Promise<RunRecord>;
  find(nameOrId: string): Promise<RunRecord>;
  check(input: SpecInput, parentRunId?: string, estimate?: boolean): Promise<SpecCheck>;
  launch(input: SpecInput, options?: LaunchOptions): Promise<RunRecord>;
  /** All of them queued; at a site as one job, of which `atOnce` may run together. */
  launchAll(
    inputs: readonly SpecInput[],
    options: LaunchOptions & { atOnce?: number | undefined },
  ): Promise<RunRecord[]>;
  /** One run for every combination of the varied values, one after the other. */
  sweep(
    input: SpecInput,
    vary: readonly { path: string; values: readonly unknown[] }[],
    options?: { parentRunId?: string | undefined; site?: string | undefined; atOnce?: number | undefined },
  ): Promise<RunRecord[]>;
  /** From the newest checkpoint, where the run was: here or at its site. */
  resume(runId: string): Promise<RunRecord>;
  /** Resumes what failed or was interrupted at a site, as one job. */
  retryAt(site: string, sweepId?: string): Promise<RunRecord[]>;
  /** Stop after the step at hand, pause, continue: of any program's run on this workspace. */
  ask(runId: string, request: RunRequest): Promise<void>;
  setGuardWeight(runId: string, weight: number): void;
  /** Whether this program trains the run, or has it waiting. */
  looksAfter(runId: string): boolean;
  /** The run once it has ended, when this process looks after it; else as it is. */
  ended(runId: string): Promise<RunRecord>;
  annotate(runId: string, change: Partial<Pick<RunRecord, 'name' | 'note' | 'tags'>>): Promise<RunRecord>;
  remove(runId: string): Promise<void>;
  flipMeter(runId: string, task: Task): Promise<FlipMeterPoint[]>;
  /** Settles what killed programs left behind; done again from time to time. */
  recover(): Promise<void>;
  close(): Promise<void>;
}

export function createRuns(core: Core, comparisons: Comparisons, sites: Sites): Runs {
  const { store, bus, layout } = core;
  const supervisor = createRunSupervisor(core);
  const checks = createSpecChecks(core);
  const recovery = createRecovery(core, supervisor);

  async function get(runId: string): Promise<RunRecord> {
    const run = await store.getRun(runId);
    if (run === null) throw new WorkbenchError('not-found', `There is no run ${runId}.`);
    return run;
  }

  async function make(input: SpecInput, options: LaunchOptions): Promise<OwnedRun> {
    const { spec, resolved } = await requireLaunchable(core, input, options.file);
    const prepared = await prepareFolder(core, spec, resolved);
    // Owned before it is seen: a run in the list that nobody owns is taken for one that a killed program left.
    const owner = await supervisor.own(prepared);
    const added = await addRun(core, prepared, resolved, options).catch(async (error: unknown) => {
      await owner.release();
      await removeInside(layout.runs, prepared.id);
      throw error;
    });
    return { run: added, owner };
  }

  async function launch(input: SpecInput, options: LaunchOptions = {}): Promise<RunRecord> {
    if (options.site !== undefined) return onlyOf(await launchAt(options.site, [input], options));
    const { run, owner } = await make(input, options);
    const queued = await supervisor.add(run, owner, false);
    bus.publish({ topic: 'changed', lists: ['runs'] });
    return queued;
  }

  async function launchAt(site: string, inputs: readonly SpecInput[], options: LaunchOptions, atOnce?: number) {
    await sites.find(site);
    const made: OwnedRun[] = [];
    for (const input of inputs) made.push(await make(input, options));
    const label = specObject(inputs[0] as SpecInput).name;
    const runs = await sites.hand(site, typeof label === 'string' ? label : 'run', made, atOnce);
    bus.publish({ topic: 'changed', lists: ['runs'] });
    return runs;
  }

  async function launchAll(
    inputs: readonly SpecInput[],
    { atOnce, ...options }: LaunchOptions & { atOnce?: number | undefined },
  ) {
    if (options.site !== undefined) return launchAt(options.site, inputs, options, atOnce);
    const runs: RunRecord[] = [];
    for (const input of inputs) runs.push(await launch(input, options));
    return runs;
  }

  async function resumeAt(site: string, runs: readonly RunRecord[]): Promise<RunRecord[]> {
    const owned: OwnedRun[] = [];
    for (const run of runs) {
      requireResumable(run, sites.has(run.id));
      owned.push({ run, owner: await supervisor.own(run) });
    }
    return sites.hand(site, runs[0]?.name ?? 'run', owned);
  }

  return {
    list: () => store.listRuns(),
    get,
    find: async (nameOrId) => findByName('run', await store.listRuns(), nameOrId),
    check: (input, parentRunId, estimate = false) => checks.check(input, parentRunId, estimate),
    launch,
    launchAll,
    async sweep(input, vary, { parentRunId, site, atOnce } = {}) {
      const specs = sweepSpecs(specObject(input), vary);
      // All or none: a sweep does not stop half-way at a value that is refused.
      for (const spec of specs) await requireLaunchable(core, { spec });
      const options = { parentRunId, relation: 'sweep', sweepId: randomUUID(), site, atOnce } as const;
      return launchAll(
        specs.map((spec) => ({ spec })),
        options,
      );
    },
    async retryAt(site, sweepId) {
      const failed: RunRecord[] = [];
      for (const run of await store.listRuns()) {
        if (run.status !== 'failed' && run.status !== 'interrupted') continue;
        if (sweepId !== undefined && run.sweepId !== sweepId) continue;
        if ((await sites.siteOf(run)) === site) failed.push(run);
      }
      return failed.length === 0 ? [] : resumeAt(site, failed.reverse());
    },
    async resume(runId) {
      const known = await get(runId);
      requireOwn(known);
      const site = await sites.siteOf(known);
      if (site !== null) return onlyOf(await resumeAt(site, [known]));
      await supervisor.storeEnds();
      requireResumable(await get(runId), supervisor.has(runId));
      await recovery.settled(runId);
      // It may have been resumed, or have ended otherwise, while its old trainer left.
      const run = await get(runId);
      requireResumable(run, supervisor.has(runId));
      await requireFolder(runFolder(core.layout, run).path, `run “${run.name}”`, 'Put it back, or relaunch the run.');
      return supervisor.add(run, await supervisor.own(run), true);
    },
    async ask(runId, request) {
      const run = await get(runId);
      requireOwn(run);
      if (supervisor.has(runId)) return supervisor.ask(runId, request);
      if (hasEnded(run.status))
        throw new WorkbenchError('conflict', `“${run.name}” is not running: it is ${run.status}.`);
      if ((await sites.siteOf(run)) !== null) return sites.ask(run, request);
      await runFolder(core.layout, run).ask(request);
    },
    setGuardWeight: (runId, weight) => supervisor.setGuardWeight(runId, weight),
    looksAfter: (runId) => supervisor.has(runId) || sites.has(runId),
    ended: (runId) => supervisor.ended(runId) ?? sites.ended(runId) ?? get(runId),
    async annotate(runId, change) {
      const run = await store.updateRun(runId, change);
      bus.publish({ topic: 'run', run });
      return run;
    },
    async remove(runId) {
      const run = await get(runId);
      if (!hasEnded(run.status)) {
        throw new WorkbenchError('conflict', `“${run.name}” is ${run.status}.`, { remedy: 'Stop it first.' });
      }
      await store.removeRun(runId);
      await removeInside(layout.runs, run.id);
      bus.publish({ topic: 'changed', lists: ['runs', 'evaluations', 'comparisons'] });
    },
    flipMeter: (runId, task) => flipMeter(core, comparisons, runId, task),
    async recover() {
      await Promise.all([recovery.recover(), sites.takeUp()]);
    },
    async close() {
      await recovery.close();
      await Promise.all([supervisor.close(), sites.close()]);
    },
  };
}

function onlyOf(runs: readonly RunRecord[]): RunRecord {
  const [run] = runs;
  if (run === undefined) throw new WorkbenchError('internal', 'No run was created.');
  return run;
}

interface PreparedRun {
  id: string;
  name: string;
  /** Relative to the workspace. */
  folder: string;
  spec: RunSpec;
}

/** The run's folder first, then its row: a row without a folder is never seen. */
async function prepareFolder(core: Core, spec: RunSpec, resolved: ResolvedSpec): Promise<PreparedRun> {
  const id = randomUUID();
  const folder = path.join('runs', id);
  const name = freeName(await core.store.listRuns(), spec.name);
  const named: RunSpec = { ...spec, name };
  const files = runFolder(core.layout, { folder });
  await makeFolder(files.path);
  await writeWhole(files.file('spec'), JSON.stringify(named, null, 2));
  await files.writeInputs({
    model: refOf(resolved.model),
    rewardModel: resolved.rewardModel === null ? null : refOf(resolved.rewardModel),
    datasetId: resolved.dataset.id,
    ...(isMixture(spec)
      ? { sources: resolved.sources.map(({ dataset, weight }) => ({ datasetId: dataset.id, weight })) }
      : {}),
    guardSetId: resolved.guardSet?.id ?? null,
    ...(resolved.guardSuite === null ? {} : { guardSuiteId: resolved.guardSuite.id }),
    suiteIds: resolved.suites.map((suite) => (suite === 'held-out' ? heldOutName : suite.id)),
    ...(resolved.leftOut.length === 0 ? {} : { leftOut: resolved.leftOut }),
  });
  // Its name has to outlive a power cut as the row does.
  for (const above of [path.dirname(files.path), core.layout.root]) flushFolder(above);
  return { id, name, folder, spec: named };
}

function addRun(
  core: Core,
  { id, name, folder, spec }: PreparedRun,
  resolved: ResolvedSpec,
  options: LaunchOptions,
): Promise<RunRecord> {
  return core.store.addRun({
    id,
    name,
    status: 'queued',
    spec,
    modelId: rootModelId(resolved.model),
    datasetId: resolved.dataset.id,
    guardSetId: resolved.guardSet?.id ?? null,
    parentRunId: options.parentRunId ?? null,
    relation: options.relation ?? (options.parentRunId === undefined ? null : 'relaunch'),
    sweepId: options.sweepId ?? null,
    folder,
    totalSteps: spec.steps ?? null,
    tags: [],
    note: '',
  });
}

function refOf(weights: Weights): WeightsRef {
  return weights.kind === 'model'
    ? { kind: 'model', id: weights.model.id }
    : { kind: 'checkpoint', id: weights.checkpoint.id };
}

/** The model a checkpoint goes back to. */
function rootModelId(weights: Weights): string {
  return weights.kind === 'model' ? weights.model.id : weights.run.modelId;
}
