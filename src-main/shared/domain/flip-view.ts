import type { Attempt, Verdict } from './evaluations.ts';
import type { Rule } from './flip-rules.ts';
import type { FlipKind } from './flips.ts';
import type { PairBy, PairedBy } from './pairing.ts';
import type { ErrorReport } from './errors.ts';
import type { Annotation } from './entities.ts';
import type { Evidence } from './kinds/change-kinds.ts';
import type { Parting } from './kinds/parting.ts';

/** One comparison of two evaluations (left = old, right = new) under one rule. */
export interface ComparisonRecord {
  id: string;
  leftEvaluationId: string;
  rightEvaluationId: string;
  leftName: string;
  rightName: string;
  /** The name that a person gave it; `comparisonName` of the sides otherwise. */
  name?: string | null;
  rule: Rule;
  /** How samples were to be paired, and how they were. */
  pairBy: PairBy;
  pairing: PairedBy;
  /** Sentences on why so, what pairs disagree in, and what is left over: by them it can be judged whether the pairs are what was meant. */
  pairingNote?: string | null;
  /** Second evaluations of the same weights (A/A), where the noise floor has been set. */
  repeats?: { left: string | null; right: string | null };
  state: 'building' | 'ready' | 'failed';
  /** 0…1 while building. */
  progress: number;
  error: ErrorReport | null;
  counts: ComparisonCounts;
  createdAt: number;
}

export interface ComparisonCounts {
  paired: number;
  unmatchedLeft: number;
  unmatchedRight: number;
  missingVerdict: number;
  kinds: Record<FlipKind, number>;
  /** Rates whose intervals account for groups of samples; absent where each sample stands for itself. */
  clustered?: { nfr: GroupedRate; pfr: GroupedRate };
  /** The same with verdicts that a person corrected, where there are any: what is shown. `kinds` above stays as evaluated. */
  corrected?: { samples: number; kinds: Record<FlipKind, number>; clustered?: { nfr: GroupedRate; pfr: GroupedRate } };
}
/** A rate with its 95 % interval over groups of samples that are not independent. */
export interface GroupedRate {
  value: number | null;
  low: number;
  high: number;
  clusters: number;
}

export { flipSortColumns } from './flip-sort.ts';
export type { FlipFilter, FlipSort } from './flip-filter.ts';

/** A row of the flip table; texts are cut to `previewCharacters`. */
export interface FlipRow {
  sampleKey: number;
  sampleId: string;
  kind: FlipKind;
  delta: number | null;
  prompt: string;
  /** What is judged continues the prompt: where that is cut, its end is here. */
  continues: boolean;
  leftOutput: string | null;
  rightOutput: string | null;
  leftScore: number | null;
  rightScore: number | null;
  leftVerdict: Verdict | null;
  rightVerdict: Verdict | null;
  /** In a list the first twenty by name, of an open sample and in exports all. */
  slices: string[];
  /** Of the sample and of both results, each once. */
  tags: string[];
  length: number;
  firing: number | null;
  stability: 'solid' | 'flaky' | null;
  label: number | null;
  reviewed: boolean;
  /** A person corrected a verdict of this sample; its kind and verdicts follow from that. */
  corrected: boolean;
  /** A person wrote a note. */
  noted: boolean;
  /** Kinds of change by name; empty where there are none or they were not found yet. */
  changes: string[];
}
export const previewCharacters = 240;

export interface FlipView {
  viewId: string;
  total: number;
}

export interface FacetValue {
  value: string;
  count: number;
  negative: number;
}
export interface HistogramBin {
  from: number;
  to: number;
  count: number;
  negative: number;
}
/** Counts for each facet under the filter without that facet's own part, so that facets filter each other. */
export interface FlipFacets {
  /** Samples that the whole filter lets through now; a list that was opened before a judgement may hold others. */
  matching: number;
  kinds: FacetValue[];
  slices: FacetValue[];
  /** Slices of fewer samples than those that are counted. */
  slicesLeftOut: number;
  tags: FacetValue[];
  labels: FacetValue[];
  stability: FacetValue[];
  /** `yes` where a verdict was corrected; empty where none was. */
  corrected: FacetValue[];
  /** Kinds of change. */
  changes: FacetValue[];
  /** `yes` where a run of either side was trained on the prompt; empty where none was. */
  trained: FacetValue[];
  delta: HistogramBin[];
  length: HistogramBin[];
  firing: HistogramBin[];
}

/** One side of a sample, whole texts. */
export interface SampleSide {
  evaluationId: string;
  output: string | null;
  score: number | null;
  verdict: Verdict | null;
  metrics: Record<string, number>;
  /** Tags of this result alone; absent where there is none. */
  tags?: string[];
  /** Where the sample was answered several times. */
  solved?: { attempts: number; right: number };
  attempts?: Attempt[];
}
export interface SampleDetail {
  sampleKey: number;
  sampleId: string;
  /** With corrected verdicts, where a person set any. */
  kind: FlipKind;
  kindAsEvaluated: FlipKind;
  delta: number | null;
  prompt: string;
  /** What is judged continues the prompt: the end of it is what counts. */
  continues: boolean;
  /** Of a preference pair the chosen response. */
  target: string | null;
  /** Of a preference pair the rejected response; its sides have no output, and their scores are margins. */
  rejected: string | null;
  cluster: string | null;
  slices: string[];
  /** Of the sample; those of one result are on its side. */
  tags: string[];
  left: SampleSide | null;
  right: SampleSide | null;
  annotation: Annotation | null;
  stability: 'solid' | 'flaky' | null;
  /** Every rule that holds, with its evidence in the texts, and where the two answers part. */
  changes: Evidence[];
  parting: Parting | null;
}

/** A sample's verdict and score at one evaluation: a mark of its timeline. */
export interface TimelineMark {
  evaluationId: string;
  evaluationName: string;
  runId: string | null;
  runName: string | null;
  step: number | null;
  verdict: Verdict | null;
  score: number | null;
  createdAt: number;
}

/** A training sample's metrics in the steps that used it. */
export interface TrainingTrace {
  runId: string;
  steps: { step: number; metrics: Record<string, number> }[];
}

export interface Neighbour {
  sampleKey: number;
  sampleId: string;
  prompt: string;
  kind: FlipKind;
  similarity: number;
}
