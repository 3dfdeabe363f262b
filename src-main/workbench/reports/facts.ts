import { hash } from 'node:crypto';
import type { EvaluationRecord, ModelRecord, RunRecord } from '../../shared/domain/entities.ts';
import type { DecodingSettings } from '../../shared/domain/evaluations.ts';
import type { ReportParts } from '../../shared/domain/reports/report-model.ts';
import type { Store } from '../../store/api.ts';
import { methodOf } from '../methods.ts';

type Fact = NonNullable<ReportParts['setup']>[number];
type LineageEntry = NonNullable<ReportParts['lineage']>[number];

export interface Grounds {
  setup: Fact[];
  lineage: LineageEntry[];
  provenance: Fact[];
}

/** What the evaluations of a report rest on: who made them from what, with hashes and versions. */
export async function groundsOf(
  store: Store,
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
  const usedRuns = used(
    runs,
    evaluations.map(({ runId }) => runId),
  );
  const usedModels = used(models, [
    ...evaluations.map(({ modelId }) => modelId),
    ...usedRuns.map(({ modelId }) => modelId),
  ]);
  const usedDatasets = used(
    datasets,
    usedRuns.map(({ datasetId }) => datasetId),
  );
  const usedSuites = used(
    suites,
    evaluations.map(({ suiteId }) => suiteId),
  );
  const usedImports = used(
    imports,
    [...evaluations, ...usedDatasets, ...usedSuites].map(({ importId }) => importId),
  );
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
  return {
    setup: [...usedRuns.flatMap(runFacts)],
    lineage: [
      ...usedImports.map((one) => entry('import', one, `${one.source} (${one.tool})`, [])),
      ...usedModels.map((one) => entry('model', one, modelDetail(one), [])),
      ...usedDatasets.map((one) => entry('dataset', one, `${one.rows} ${one.kind} rows`, [one.importId])),
      ...usedSuites.map((one) => entry('suite', one, `${one.items} ${one.kind} items`, [one.importId])),
      ...usedRuns.map((one) => entry('run', one, methodOf(one.spec), [one.modelId, one.datasetId, one.parentRunId])),
      ...evaluations.map((one) =>
        entry('evaluation', one, evaluationDetail(one), [one.runId ?? one.modelId, one.suiteId, one.importId]),
      ),
    ],
    provenance: [
      { label: 'FlipGuard Workbench', value: version },
      ...usedModels.map(({ name, sha256 }) => ({ label: `Model ${name}, weights SHA-256`, value: sha256 })),
      ...usedDatasets.map(({ name, sha256 }) => ({ label: `Dataset ${name}, SHA-256`, value: sha256 })),
      ...usedSuites.map(({ name, sha256 }) => ({ label: `Suite ${name}, SHA-256`, value: sha256 })),
      ...usedImports.map(({ name, sha256 }) => ({ label: `Import ${name}, files SHA-256`, value: sha256 })),
      ...usedRuns.flatMap(runProvenance),
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

function runFacts(run: RunRecord): Fact[] {
  const { spec, name } = run;
  const steps = spec.steps === undefined ? `${spec.epochs ?? 1} epochs` : `${spec.steps} steps`;
  const facts: [string, string][] = [
    ['method', methodOf(spec)],
    ['algorithm', JSON.stringify(spec.algorithm)],
    ['guard', spec.guard.kind === 'none' ? 'none' : JSON.stringify(spec.guard)],
    ['tuning', JSON.stringify(spec.tuning)],
    ['optimizer', JSON.stringify(spec.optimizer)],
    [
      'training',
      `${steps} of ${spec.batch.size * spec.batch.accumulation}, at most ${spec.batch.maxLength} tokens, seed ${spec.seed}`,
    ],
    ['state', `${run.status} at step ${run.step}`],
  ];
  return facts.map(([label, value]) => ({ label: `${name}: ${label}`, value }));
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
  return `${family}, ${parameters.toLocaleString('en')} parameters`;
}

function evaluationDetail({ suiteName, samples, step }: EvaluationRecord): string {
  return `${suiteName}, ${samples.toLocaleString('en')} samples${step === null ? '' : `, step ${step}`}`;
}
