import { hash } from 'node:crypto';
import type { DatasetRecord, EvaluationRecord, ModelRecord, RunRecord } from '../../shared/domain/entities.ts';
import type { DecodingSettings } from '../../shared/domain/evaluations.ts';
import type { ReportParts } from '../../shared/domain/reports/report-model.ts';
import type { Core } from '../core.ts';
import { trainerName } from '../../shared/domain/run-origin.ts';
import { guardKeys } from '../../shared/domain/spec-defaults.ts';
import { methodOfRun } from '../../shared/presentation/methods.ts';
import { guardSetsOf } from './guard-facts.ts';
import { isMixture, trainSources } from '../../shared/domain/train-sources.ts';
import { plural } from '../../shared/presentation/words.ts';
import { describeStep } from '../../shared/presentation/version-steps.ts';
import { formatCount } from '../../shared/presentation/numbers.ts';

type Fact = NonNullable<ReportParts['setup']>[number];
type LineageEntry = NonNullable<ReportParts['lineage']>[number];

export interface Grounds {
  setup: Fact[];
  lineage: LineageEntry[];
  provenance: Fact[];
}

/** What the evaluations of a report rest on: who made them from what, with hashes and versions. */
export async function groundsOf(
  { store, layout }: Pick<Core, 'store' | 'layout'>,
  evaluations: readonly EvaluationRecord[],
  version: string,
): Promise<Grounds> {
  const [runs, models, datasets, suites, imports] = await Promise.all([
    store.listRuns(),
    store.listModels(),
    store.listDatasets(),
    store.listSuites(),
    store.listImports(),
  ]);
  const used = <T extends { id: string }>(all: readonly T[], ids: (string | null)[]) =>
    all.filter(({ id }) => ids.includes(id));
  // In the order in which the report speaks of them.
  const usedRuns = [...new Set(evaluations.map(({ runId }) => runId))].flatMap(
    (id) => runs.find((run) => run.id === id) ?? [],
  );
  const parents = used(
    runs.filter((run) => !usedRuns.includes(run)),
    usedRuns.map(({ parentRunId }) => parentRunId),
  );
  const usedModels = used(models, [
    ...evaluations.map(({ modelId }) => modelId),
    ...usedRuns.map(({ modelId }) => modelId),
  ]);
  const datasetsOf = (run: RunRecord) =>
    isMixture(run.spec)
      ? trainSources(run.spec).flatMap(
          ({ name }) => datasets.find((one) => one.name === name || one.id === name)?.id ?? [],
        )
      : [run.datasetId];
  const usedDatasets = withParents(used(datasets, usedRuns.flatMap(datasetsOf)), datasets);
  const usedSuites = used(
    suites,
    evaluations.map(({ suiteId }) => suiteId),
  );
  const usedImports = used(
    imports,
    [...evaluations, ...usedDatasets, ...usedSuites].map(({ importId }) => importId),
  );
  const guards = await guardSetsOf({ store, layout }, usedRuns);
  const entry = (
    kind: LineageEntry['kind'],
    thing: { id: string; name: string },
    detail: string,
    from: (string | null)[],
  ) => ({
    id: thing.id,
    kind,
    name: thing.name,
    detail,
    from: from.filter((id) => id !== null),
  });
  const lineage: LineageEntry[] = [
    ...usedImports.map((one) => entry('import', one, `${one.source} (${one.tool})`, [])),
    ...usedModels.map((one) => entry('model', one, modelDetail(one), [])),
    ...usedDatasets.map((one) => entry('dataset', one, datasetDetail(one), [one.importId, one.parentId ?? null])),
    ...usedSuites.map((one) => entry('suite', one, `${one.items} ${one.kind} items`, [one.importId])),
    ...guards.sets.map((one) => entry('guard-set', one, one.detail, [])),
    ...parents.map((one) => entry('run', one, `${methodOfRun(one)}; a parent, not reported here`, [])),
    ...usedRuns.map((one) =>
      entry('run', one, methodOfRun(one), [one.modelId, ...datasetsOf(one), one.guardSetId, one.parentRunId]),
    ),
    ...evaluations.map((one) =>
      entry('evaluation', one, evaluationDetail(one), [one.runId ?? one.modelId, one.suiteId, one.importId]),
    ),
  ];
  // What was deleted since has no name to show.
  const known = new Set(lineage.map(({ id }) => id));
  return {
    setup: runFacts(usedRuns),
    lineage: lineage.map((one) => ({ ...one, from: one.from.filter((id) => known.has(id)) })),
    provenance: [
      { label: 'FlipGuard Workbench', value: version },
      ...usedModels.map(({ name, sha256 }) => ({ label: `Model ${name}, weights SHA-256`, value: sha256 })),
      ...usedDatasets.map(({ name, sha256 }) => ({ label: `Dataset ${name}, SHA-256`, value: sha256 })),
      ...usedSuites.map(({ name, sha256 }) => ({ label: `Suite ${name}, SHA-256`, value: sha256 })),
      ...usedImports.map(({ name, sha256 }) => ({ label: `Import ${name}, files SHA-256`, value: sha256 })),
      ...usedRuns.flatMap((run) => [...runProvenance(run), ...guards.provenance(run)]),
    ],
  };
}

/** How outputs came about, in words; null where nothing was decoded. */
export function decodingWords(decoding: DecodingSettings | null): string | null {
  if (decoding === null) return null;
  if (decoding.temperature === 0) return `greedy, at most ${decoding.maxNewTokens} tokens`;
  const limits = [
    decoding.topP === undefined ? '' : `, top-p ${decoding.topP}`,
    decoding.topK === undefined ? '' : `, top-k ${decoding.topK}`,
  ];
  return `sampled at temperature ${decoding.temperature}${limits.join('')}, seed ${decoding.seed}, at most ${decoding.maxNewTokens} tokens`;
}

/** What was set, run by run; what all runs share is said once. */
function runFacts(runs: readonly RunRecord[]): Fact[] {
  const perRun = runs.map((run) => ({ name: run.name, settings: settingsOf(run) }));
  return Object.keys(perRun[0]?.settings ?? {}).flatMap((label) => {
    const values = perRun.map(({ name, settings }) => ({ name, value: settings[label] ?? '' }));
    const shared = new Set(values.map(({ value }) => value)).size === 1;
    if (values.length > 1 && shared) return [{ label: `every run: ${label}`, value: values[0]?.value ?? '' }];
    return values.map(({ name, value }) => ({ label: `${name}: ${label}`, value }));
  });
}

function settingsOf({ spec, status, step, origin }: RunRecord): Record<string, string> {
  const { size, accumulation, maxLength } = spec.batch;
  const steps = spec.steps === undefined ? `${spec.epochs ?? 1} epochs` : `${spec.steps} steps`;
  return {
    method: methodOfRun({ spec, ...(origin === undefined ? {} : { origin }) }),
    ...(origin === undefined || origin === null ? {} : { 'trained by': trainerName(origin) }),
    algorithm: inWords(spec.algorithm),
    guard: guardInWords(spec.guard),
    tuning: inWords(spec.tuning),
    optimizer: inWords(spec.optimizer),
    training: `${steps} of ${size * accumulation}, at most ${maxLength} tokens, seed ${spec.seed}`,
    state: `${status} at step ${step}`,
  };
}

/** A flip hinge has none of a gate's settings. */
function guardInWords(guard: RunRecord['spec']['guard']): string {
  if (guard.kind === 'none') return 'none';
  if (guard.kind !== 'flip-hinge') return inWords(guard);
  const known = Object.entries(guard).filter(([key]) => guardKeys[guard.kind].some((own) => own === key));
  return inWords({ kind: guard.kind, ...Object.fromEntries(known) });
}

/** `{ kind: 'dpo', beta: 0.1 }` → `dpo, beta 0.1` */
function inWords({ kind, ...settings }: { kind: string } & Record<string, unknown>): string {
  const set = Object.entries(settings).filter(([, value]) => value !== null && value !== undefined);
  const shown = set.map(([key, value]) => `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [kind, ...shown].join(', ');
}

function runProvenance({ name, spec, backend }: RunRecord): Fact[] {
  const facts = [{ label: `Run ${name}, spec SHA-256`, value: hash('sha256', JSON.stringify(spec), 'hex') }];
  if (backend === null) return facts;
  const versions = Object.entries(backend.versions).map(([part, version]) => `${part} ${version}`);
  return [
    ...facts,
    { label: `Run ${name}, backend`, value: [`${backend.name} on ${backend.device}`, ...versions].join(', ') },
  ];
}

function modelDetail({ family, parameters }: ModelRecord): string {
  return `${family}, ${formatCount(parameters)} parameters`;
}

function evaluationDetail({ suiteName, samples, step }: EvaluationRecord): string {
  return `${suiteName}, ${formatCount(samples)} samples${step === null ? '' : `, step ${step}`}`;
}

/** Versions are told with the datasets that they were made of. */
function withParents(chosen: readonly DatasetRecord[], datasets: readonly DatasetRecord[]): DatasetRecord[] {
  const all = [...chosen];
  for (const { parentId } of all) {
    const parent = datasets.find(({ id }) => id === parentId);
    if (parent !== undefined && !all.includes(parent)) all.push(parent);
  }
  return all;
}

function datasetDetail({ rows, kind, recipe, licence }: DatasetRecord): string {
  const size = `${plural(rows, `${kind} row`)}${licence === undefined ? '' : `, licence ${licence}`}`;
  return recipe === undefined ? size : `${size}: ${describeStep(recipe.step)}`;
}
