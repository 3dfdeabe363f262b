import type { RunRecord } from '../../src-main/shared/domain/entities.ts';
import type { ComparisonRecord, FlipFacets, FlipRow, SampleDetail } from '../../src-main/shared/domain/flip-view.ts';
import { idOf, idOrNull } from '../../src-main/shared/domain/ids.ts';
import { runSpecSchema } from '../../src-main/shared/domain/run-spec.ts';

/** Records as the workbench would answer them, with what a test does not care about filled in. */

type RunChanges = Partial<Omit<RunRecord, 'id' | 'parentRunId'> & { id: string; parentRunId: string | null }>;

export function runRecord({ id = 'run-1', parentRunId = null, ...changes }: RunChanges = {}): RunRecord {
  return {
    id: idOf('run', id),
    name: 'dpo',
    status: 'running',
    spec: runSpecSchema.parse({
      name: 'dpo',
      model: 'small',
      dataset: { train: 'pairs' },
      algorithm: { kind: 'dpo' },
      steps: 10,
    }),
    modelId: idOf('model', 'model-1'),
    datasetId: idOf('dataset', 'dataset-1'),
    guardSetId: null,
    parentRunId: idOrNull('run', parentRunId),
    relation: null,
    sweepId: null,
    folder: 'runs/run-1',
    backend: null,
    step: 0,
    totalSteps: 10,
    error: null,
    createdAt: 1,
    startedAt: 1,
    endedAt: null,
    lastSeq: 0,
    tags: [],
    note: '',
    ...changes,
  };
}

export function comparisonRecord(changes: Partial<ComparisonRecord> = {}): ComparisonRecord {
  return {
    id: 'comparison-1',
    leftEvaluationId: 'left',
    rightEvaluationId: 'right',
    leftName: 'old',
    rightName: 'new',
    rule: { kind: 'verdict', ties: 'excluded' },
    pairBy: 'auto',
    pairing: 'sample-id',
    state: 'ready',
    progress: 1,
    error: null,
    counts: {
      paired: 100,
      unmatchedLeft: 0,
      unmatchedRight: 0,
      missingVerdict: 0,
      kinds: { negative: 10, positive: 5, 'kept-right': 60, 'kept-wrong': 25, unchanged: 0, tied: 0, missing: 0 },
    },
    createdAt: 1,
    ...changes,
  };
}

export function flipRow(sampleKey: number, changes: Partial<FlipRow> = {}): FlipRow {
  return {
    sampleKey,
    sampleId: `sample-${sampleKey}`,
    kind: 'negative',
    delta: -1,
    prompt: `prompt ${sampleKey}`,
    continues: false,
    leftOutput: 'yes',
    rightOutput: 'no',
    leftScore: 1,
    rightScore: 0,
    leftVerdict: 'right',
    rightVerdict: 'wrong',
    slices: [],
    tags: [],
    length: 2,
    firing: null,
    stability: null,
    label: null,
    reviewed: false,
    corrected: false,
    noted: false,
    changes: [],
    ...changes,
  };
}

export const noFacets: FlipFacets = {
  kinds: [],
  slices: [],
  matching: 0,
  slicesLeftOut: 0,
  tags: [],
  labels: [],
  stability: [],
  corrected: [],
  trained: [],
  changes: [],
  delta: [],
  length: [],
  firing: [],
};

export function sampleDetail(sampleKey: number, changes: Partial<SampleDetail> = {}): SampleDetail {
  return {
    sampleKey,
    sampleId: `sample-${sampleKey}`,
    kind: 'negative',
    kindAsEvaluated: 'negative',
    continues: false,
    delta: -1,
    prompt: `prompt ${sampleKey}`,
    target: null,
    rejected: null,
    cluster: null,
    slices: [],
    tags: [],
    left: { evaluationId: 'left', output: 'the sky is blue', score: 1, verdict: 'right', metrics: {} },
    right: { evaluationId: 'right', output: 'the sky is green', score: 0, verdict: 'wrong', metrics: {} },
    annotation: null,
    stability: null,
    changes: [],
    parting: null,
    ...changes,
  };
}
