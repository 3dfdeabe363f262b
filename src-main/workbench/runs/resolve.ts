import type { DatasetRecord, GuardSetRecord, SuiteRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError, reportOf } from '../../shared/domain/errors.ts';
import { isOnPolicy } from '../../shared/domain/algorithms.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import { trainSources } from '../../shared/domain/train-sources.ts';
import { ownAlertMetrics, unknownMetric } from '../../shared/presentation/alert-metrics.ts';
import { parseAlert } from '../../shared/domain/alerts.ts';
import type { SpecIssue } from '../../shared/contract/views.ts';
import { requireAllowedProgram } from '../../system/programs.ts';
import type { Core } from '../core.ts';
import { findByName } from '../workspace/names.ts';
import { findWeights } from '../models/weights.ts';
import type { Weights } from '../models/weights.ts';
import { heldOutName } from './held-out.ts';
import { rowsToLeaveOut, unknownRows } from './left-out.ts';
import type { LeftOut } from './left-out.ts';

/** What the names in a spec stand for in this workspace. */
export interface ResolvedSpec {
  model: Weights;
  /** The first of the sources. */
  dataset: DatasetRecord;
  sources: { dataset: DatasetRecord; weight: number }[];
  guardSet: GuardSetRecord | null;
  /** Whose texts a flip hinge reads. */
  guardSuite: SuiteRecord | null;
  rewardModel: Weights | null;
  /** In the spec's order; `held-out` is made from the dataset when the run starts. */
  suites: (SuiteRecord | 'held-out')[];
  /** Rows of its datasets that the spec leaves out. */
  leftOut: LeftOut[];
}

export type Resolution = { ok: true; resolved: ResolvedSpec } | { ok: false; issues: SpecIssue[] };

/** Looks every name up and checks that the parts fit together; says everything that is wrong at once. */
export async function resolveSpec(core: Core, spec: RunSpec): Promise<Resolution> {
  const { store } = core;
  const issues: SpecIssue[] = [];
  async function at<T>(path: string, find: () => Promise<T>): Promise<T | null> {
    try {
      return await find();
    } catch (error) {
      if (!(error instanceof WorkbenchError)) throw error;
      const { message, remedy, consent } = reportOf(error);
      const said = remedy === undefined ? message : `${message} ${remedy}`;
      issues.push({ path, message: said, ...(consent === undefined ? {} : { consent }) });
      return null;
    }
  }

  const model = await at('model', () => findWeights(core, spec.model));
  const sources: ResolvedSpec['sources'] = [];
  const datasets = await store.listDatasets();
  for (const [i, { name, weight }] of trainSources(spec).entries()) {
    const path = typeof spec.dataset.train === 'string' ? 'dataset.train' : `dataset.train.${i}.name`;
    const dataset = await at(path, async () => findByName('dataset', datasets, name));
    if (dataset === null) continue;
    issues.push(...fitIssues(spec, dataset, path));
    if (sources.some((known) => known.dataset.id === dataset.id)) {
      issues.push({ path, message: `“${dataset.name}” is in the mixture twice; give it a weight instead` });
    }
    sources.push({ dataset, weight });
  }
  const dataset = sources[0]?.dataset ?? null;
  if (spec.dataset.heldOut === 0 && spec.evaluate.suites.includes(heldOutName)) {
    issues.push({ path: 'evaluate.suites', message: `${heldOutName} needs dataset.heldOut above 0` });
  }
  const leftOut: LeftOut[] = [];
  for (const { dataset: source } of sources) {
    const rows = await at('dataset.leaveOut', () => rowsToLeaveOut(core, source, spec));
    if (rows !== null && rows.rowIds.length > 0) leftOut.push(rows);
  }
  if (!issues.some(({ path }) => path === 'dataset.leaveOut')) issues.push(...unknownRows(spec, leftOut));
  const guardSet = await at('guard.guardSet', () => findGuardSet(core, spec));
  const rewardModel = await at('algorithm.reward.model', () => findRewardModel(core, spec));
  await at('algorithm.reward.command', () => Promise.resolve(requireAllowedReward(spec)));
  const known = await store.listSuites();
  const guardSuite = await at('guard.suite', () => Promise.resolve(findGuardSuite(known, spec)));
  const suites: (SuiteRecord | 'held-out')[] = [];
  for (const [i, name] of spec.evaluate.suites.entries()) {
    const suite = await at(`evaluate.suites.${i}`, async () =>
      name === heldOutName ? ('held-out' as const) : findByName('suite', known, name),
    );
    if (suite !== null) suites.push(suite);
  }
  issues.push(...alertIssues(spec));
  if (issues.length > 0 || model === null || dataset === null) return { ok: false, issues };
  return { ok: true, resolved: { model, dataset, sources, guardSet, guardSuite, rewardModel, suites, leftOut } };
}

/** A rule on a curve that training here does not have would never speak. */
function alertIssues({ limits }: RunSpec): SpecIssue[] {
  return (limits.alerts ?? []).flatMap((rule, i) => {
    const fault = unknownMetric(parseAlert(rule), ownAlertMetrics);
    if (fault === null) return [];
    const remedy =
      fault.meant === null ? 'Curves are listed in docs/reference/metrics.md.' : `Did you mean “${fault.meant}”?`;
    return [{ path: `limits.alerts.${i}`, message: `${fault.message} ${remedy}` }];
  });
}

/** A spec can come from other people: that it names a program does not start it. */
export function requireAllowedReward({ algorithm }: RunSpec): void {
  if (isOnPolicy(algorithm) && algorithm.reward.kind === 'command')
    requireAllowedProgram(algorithm.reward, 'The reward');
}

async function findGuardSet(core: Core, spec: RunSpec): Promise<GuardSetRecord | null> {
  if (spec.guard.kind === 'none' || spec.guard.target !== 'guard-set') return null;
  return findByName('guard set', await core.store.listGuardSets(), spec.guard.guardSet ?? '');
}

function findGuardSuite(known: readonly SuiteRecord[], { guard }: RunSpec): SuiteRecord | null {
  return guard.kind === 'flip-hinge' ? findByName('suite', known, guard.suite ?? '') : null;
}

async function findRewardModel(core: Core, spec: RunSpec): Promise<Weights | null> {
  if (!isOnPolicy(spec.algorithm) || spec.algorithm.reward.kind !== 'reward-model') return null;
  return findWeights(core, spec.algorithm.reward.model);
}

const prompted = ['prompt', 'preference', 'completion'] as const;
const rowKinds: Record<RunSpec['algorithm']['kind'], readonly DatasetRecord['kind'][]> = {
  sft: ['completion', 'preference'],
  reward: ['preference'],
  dpo: ['preference'],
  kto: ['unpaired', 'preference'],
  orpo: ['preference'],
  simpo: ['preference'],
  ppo: prompted,
  'online-dpo': prompted,
  rloo: prompted,
  grpo: prompted,
};

/** Faults between the spec and one of its datasets: each is right by itself. */
function fitIssues(spec: RunSpec, dataset: DatasetRecord, path: string): SpecIssue[] {
  const issues: SpecIssue[] = [];
  const accepted = rowKinds[spec.algorithm.kind];
  if (!accepted.includes(dataset.kind)) {
    const message = `${spec.algorithm.kind} trains on ${accepted.join(' or ')} rows; “${dataset.name}” has ${dataset.kind} rows`;
    issues.push({ path, message });
  }
  if (spec.dataset.heldOut > 0 && dataset.kind !== 'preference') {
    issues.push({
      path: 'dataset.heldOut',
      message: `pairs are held out, and “${dataset.name}” has ${dataset.kind} rows`,
    });
  }
  const { kind, target } = spec.guard;
  const isGated = kind !== 'none' && kind !== 'flip-hinge';
  if (isOnPolicy(spec.algorithm) && isGated && target === 'chosen' && dataset.kind === 'prompt') {
    issues.push({
      path: 'guard.target',
      message: `“${dataset.name}” has prompts without responses, so there is none to guard; choose pre-sample, or a dataset of pairs`,
    });
  }
  return issues;
}
