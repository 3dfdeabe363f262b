import { hash } from 'node:crypto';
import type { Estimate } from '../../shared/domain/trainer-events.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import { isMixture } from '../../shared/domain/train-sources.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SpecCheck, SpecIssue } from '../../shared/contract/views.ts';
import type { Core } from '../core.ts';
import { quietTask } from '../supervision/task.ts';
import { runTrainerJob } from '../supervision/trainer-jobs.ts';
import { weightsFolder } from '../models/weights.ts';
import { withoutRows } from './left-out.ts';
import { guardSuiteFile, mixedRows } from './prepare.ts';
import { resolveSpec } from './resolve.ts';
import type { ResolvedSpec } from './resolve.ts';
import { specDifference } from './spec-changes.ts';
import { parseSpec, specError, specToYaml } from './spec-text.ts';
import type { SpecInput } from './spec-text.ts';
import { warningsOf } from './spec-warnings.ts';
import type { Locate } from './yaml-places.ts';

export interface CheckedSpec {
  spec: RunSpec;
  resolved: ResolvedSpec;
}

/** A spec that can be launched, or the error that says everything wrong with it. */
export async function requireLaunchable(core: Core, input: SpecInput, file?: string): Promise<CheckedSpec> {
  const parsed = parseSpec(input);
  if (!parsed.ok) throw specError(parsed.issues, file);
  const resolution = await resolveSpec(core, parsed.spec);
  if (!resolution.ok) throw specError(placed(resolution.issues, parsed.locate), file);
  return { spec: parsed.spec, resolved: resolution.resolved };
}

/** Faults of names, with the places of the names. */
function placed(issues: readonly SpecIssue[], locate: Locate): SpecIssue[] {
  return issues.map((issue) => ({ ...issue, ...locate(issue.path.split('.').map(keyOf)) }));
}

/** Lists are addressed by number. */
function keyOf(part: string): string | number {
  return /^\d+$/.test(part) ? Number(part) : part;
}

export interface SpecChecks {
  check(input: SpecInput, parentRunId: string | undefined, withEstimate: boolean): Promise<SpecCheck>;
}

const keptEstimates = 20;

export function createSpecChecks(core: Core): SpecChecks {
  const estimates = new Map<string, Promise<Estimate | null>>();

  /** The same spec on the same rows is measured once. */
  function estimateOf(checked: CheckedSpec): Promise<Estimate | null> {
    const key = hash(
      'sha256',
      JSON.stringify([checked.spec, checked.resolved.sources.map(({ dataset }) => dataset.sha256)]),
      'hex',
    );
    const known = estimates.get(key);
    if (known !== undefined) return known;
    const measured = estimateSpec(core, checked).catch((error: unknown) => {
      estimates.delete(key);
      throw error;
    });
    estimates.set(key, measured);
    for (const oldest of estimates.keys()) if (estimates.size > keptEstimates) estimates.delete(oldest);
    return measured;
  }

  return {
    async check(input, parentRunId, withEstimate) {
      const parsed = parseSpec(input);
      if (!parsed.ok) {
        return { ok: false, issues: parsed.issues, warnings: [], yaml: null, difference: null, estimate: null };
      }
      const warnings = warningsOf(parsed);
      const difference = parentRunId === undefined ? null : await differenceTo(core, parentRunId, parsed.spec);
      const resolution = await resolveSpec(core, parsed.spec);
      if (!resolution.ok) {
        const issues = placed(resolution.issues, parsed.locate);
        return { ok: false, issues, warnings, yaml: null, difference, estimate: null };
      }
      const checked = { spec: parsed.spec, resolved: resolution.resolved };
      const estimate = withEstimate ? await estimateOf(checked) : null;
      return { ok: true, issues: [], warnings, yaml: specToYaml(parsed.spec), difference, estimate };
    },
  };
}

export async function differenceTo(core: Core, parentRunId: string, spec: RunSpec): Promise<SpecCheck['difference']> {
  const parent = await core.store.getRun(parentRunId);
  if (parent === null) throw new WorkbenchError('not-found', `There is no run ${parentRunId}.`);
  return specDifference(parent.spec, spec);
}

async function estimateSpec(core: Core, { spec, resolved }: CheckedSpec): Promise<Estimate | null> {
  const task = quietTask();
  const modelPath = await weightsFolder(core, resolved.model, task);
  const rows = await mixedRows(
    core,
    withoutRows(resolved.sources, resolved.leftOut),
    spec.dataset.heldOut,
    isMixture(spec),
  );
  let estimate: Estimate | null = null;
  const job = {
    kind: 'estimate' as const,
    spec,
    modelPath,
    trainRowsPath: rows.path,
    ...(rows.trainSources === undefined ? {} : { trainSources: rows.trainSources }),
    ...(resolved.rewardModel === null
      ? {}
      : { rewardModelPath: await weightsFolder(core, resolved.rewardModel, task) }),
    ...(resolved.guardSuite === null ? {} : { guardSuite: await guardSuiteFile(core, resolved.guardSuite.id) }),
  };
  await runTrainerJob(core, job, task, (events) => {
    for (const event of events) if (event.type === 'estimate') estimate = event.estimate;
  });
  return estimate;
}
