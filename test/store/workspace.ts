import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { Store } from '../../src-main/store/api.ts';
import type { StoreOptions } from '../../src-main/store/client.ts';
import { openStore } from '../../src-main/store/client.ts';
import type { SampleResult, Verdict } from '../../src-main/shared/domain/evaluations.ts';
import type { SampleTable, StepMetrics } from '../../src-main/shared/domain/metrics.ts';
import type { TrainerEvent, TrainerEventBody } from '../../src-main/shared/domain/trainer-events.ts';
import { defaultRule } from '../../src-main/shared/domain/flips.ts';
import type { Rule } from '../../src-main/shared/domain/flip-rules.ts';
import type { ComparisonRecord } from '../../src-main/shared/domain/flip-view.ts';
import { runSpecSchema } from '../../src-main/shared/domain/run-spec.ts';

const open: Store[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'flipguard-store-'));
  folders.push(folder);
  return folder;
}

/** A store that the test need not close. */
export async function testStore(folder = temporaryFolder(), options: StoreOptions = {}): Promise<Store> {
  const store = await openStore(folder, { checkIntegrity: false, ...options });
  open.push(store);
  return store;
}

export function sample(id: string, verdict: Verdict | null, more: Partial<SampleResult> = {}): SampleResult {
  return {
    sampleId: id,
    prompt: `prompt ${id}`,
    target: `target ${id}`,
    output: `output ${id}`,
    score: null,
    verdict,
    ...more,
  };
}

export async function addEvaluation(
  store: Store,
  name: string,
  results: SampleResult[],
  more: { suiteName?: string; suiteId?: string; runId?: string } = {},
): Promise<string> {
  const ingest = await store.beginEvaluation({
    name,
    suiteId: more.suiteId ?? null,
    suiteName: more.suiteName ?? 'suite',
    modelId: null,
    runId: more.runId ?? null,
    checkpointId: null,
    step: null,
    decoding: null,
    import: null,
  });
  await ingest.push(results);
  return ingest.commit();
}

export async function compare(
  store: Store,
  left: string,
  right: string,
  rule: Rule = defaultRule,
): Promise<ComparisonRecord> {
  const { id } = await store.openComparison(left, right, rule);
  return store.buildComparison(id);
}

/** Two evaluations of the same samples from pairs of verdicts, compared. */
export async function comparisonOf(
  store: Store,
  pairs: [Verdict | null, Verdict | null][],
  rule?: Rule,
): Promise<ComparisonRecord> {
  const left = await addEvaluation(
    store,
    'left',
    pairs.map(([verdict], i) => sample(String(i), verdict)),
  );
  const right = await addEvaluation(
    store,
    'right',
    pairs.map(([, verdict], i) => sample(String(i), verdict)),
  );
  return compare(store, left, right, rule);
}

export const spec = runSpecSchema.parse({
  name: 'dpo',
  model: 'stories15m',
  dataset: { train: 'pairs' },
  algorithm: { kind: 'dpo' },
  steps: 48,
});

export async function addRun(
  store: Store,
  more: { id?: string; datasetId?: string; name?: string } = {},
): Promise<string> {
  const run = await store.addRun({
    ...(more.id === undefined ? {} : { id: more.id }),
    name: more.name ?? 'run',
    status: 'queued',
    spec,
    modelId: 'model-a',
    datasetId: more.datasetId ?? 'dataset-a',
    guardSetId: null,
    parentRunId: null,
    relation: null,
    sweepId: null,
    folder: '/runs/a',
    totalSteps: null,
    tags: [],
    note: '',
  });
  return run.id;
}

/** Events with their numbers, from `first` on, one ms apart. */
export function numbered(bodies: TrainerEventBody[], first = 1): TrainerEvent[] {
  return bodies.map((body, i) => ({ ...body, seq: first + i, at: 1000 + first + i }));
}

export function started(resumedAtStep: number | null = null): TrainerEventBody {
  return {
    type: 'started',
    backend: { name: 'cpu', device: 'cpu', versions: {} },
    totalSteps: 48,
    resumedAtStep,
    parameters: 10,
    trainable: 10,
  };
}

/** A step whose samples are those that the guard held on to. */
export function step(
  number: number,
  metrics: StepMetrics,
  guarded: SampleTable<'guarded'>['metrics'] = {},
  sampleIds: string[] = [],
): TrainerEventBody {
  const tables = sampleIds.length === 0 ? {} : { guarded: { sampleIds, metrics: guarded } };
  return { type: 'step', step: number, epoch: 0, metrics, tables };
}
