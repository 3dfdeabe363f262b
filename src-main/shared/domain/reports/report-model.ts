import { z } from 'zod';
import { changeSummarySchema } from '../statistics/change-summary.ts';
import { comparisonSummarySchema, rateSchema } from '../statistics/comparison-summary.ts';
import { matchedAxes } from '../statistics/matched-curves.ts';
import { corrections } from '../statistics/multiple-tests.ts';
import { reportRowSchema } from './report-row.ts';

/**
 * Everything a report says, as data. Renderers only lay it out; the HTML carries it along, so that a report opens again in
 * the workbench. Schemas, because that file comes back from anywhere.
 */
export const reportSections = [
  'headline',
  'why',
  'slices',
  'methods',
  'frontier',
  'curves',
  'cases',
  'annotations',
  'setup',
  'provenance',
  'exclusions',
] as const;
export type ReportSection = (typeof reportSections)[number];

const fact = z.object({ label: z.string(), value: z.string() });

/** What was made from what. `from` names other entries by id. */
const lineageEntry = z.object({
  id: z.string(),
  kind: z.enum(['model', 'dataset', 'suite', 'guard-set', 'run', 'checkpoint', 'evaluation', 'import']),
  name: z.string(),
  detail: z.string(),
  from: z.array(z.string()),
});

const foundSlice = z.object({
  name: z.string(),
  family: z.enum(['length', 'number', 'tag', 'slice', 'label', 'word', 'phrase']),
  n: z.number(),
  negativeFlips: z.number(),
  nfr: rateSchema,
  restNfr: rateSchema,
  lostOfRight: rateSchema.nullable().default(null),
  restLostOfRight: rateSchema.nullable().default(null),
  p: z.number(),
  pHolm: z.number(),
  pBh: z.number().optional(),
});

const noiseFloor = z.object({
  n: z.number(),
  floor: z.number(),
  nfr: z.number(),
  excess: z.object({ value: z.number(), low: z.number().nullable(), high: z.number().nullable(), seed: z.number() }),
  solid: z.number(),
  flaky: z.number(),
});

/** What its negative flips have in common, and groups of what changed alike. */
const words = z.object({
  inCommon: z.array(z.object({ statement: z.string(), sentence: z.string() })),
  tried: z.number(),
  groups: z.array(z.object({ name: z.string(), count: z.number(), typical: z.array(z.string()) })),
  /** Flips in groups that are not listed. */
  inOtherGroups: z.number(),
});
export type ReportWords = z.output<typeof words>;

const reportComparison = z.object({
  /** E.g. the suite's name: heads the comparison where a report has several. */
  title: z.string(),
  /** How outputs were decoded, in words: greedy has no noise floor by construction. Null where nothing was decoded. */
  decoding: z.string().nullable(),
  summary: comparisonSummarySchema,
  noiseFloor: noiseFloor.nullable(),
  /** Kinds of change of its samples; absent in reports of earlier versions. */
  kinds: changeSummarySchema.optional(),
  words: words.optional(),
  /** Slices the search found, and how many candidates it tried. */
  search: z.object({ tried: z.number(), found: z.array(foundSlice) }).nullable(),
});

const overSeeds = z
  .object({
    mean: z.number(),
    low: z.number().nullable(),
    high: z.number().nullable(),
    perSeed: z.array(z.object({ seed: z.number(), value: z.number() })),
  })
  .nullable();
const methodRow = z.object({
  method: z.string(),
  seeds: z.array(z.number()),
  unreached: z.array(z.number()),
  between: z.array(z.string()).default([]),
  nfr: overSeeds,
  pfr: overSeeds,
  rewardGain: overSeeds,
  kl: overSeeds,
  nfrRatio: overSeeds,
  answer: z.enum(['fewer', 'more', 'cannot-be-told']).nullable(),
});
const methodTable = z.object({
  /** The suite the flips were counted on. */
  title: z.string(),
  axis: z.enum(['reward-gain', 'kl']),
  at: z.number(),
  reference: z.string(),
  level: z.number(),
  rows: z.array(methodRow),
});

const curveTable = z.object({
  axis: z.enum(matchedAxes),
  reference: z.string(),
  shares: z.array(z.number()),
  level: z.number(),
  rows: z.array(
    z.object({
      method: z.string(),
      ratio: overSeeds,
      range: overSeeds,
      leftOut: z.array(
        z.object({ seed: z.number(), why: z.enum(['no-partner', 'not-measured', 'no-ground', 'no-flips']) }),
      ),
      answer: z.enum(['fewer', 'more', 'cannot-be-told']).nullable(),
    }),
  ),
});
/** A study's methods on one model, curve against curve. */
const studyTable = z.object({
  model: z.string(),
  reference: z.string(),
  /** The control with a lower learning rate, and how many configurations of each method were tried. */
  lowerRate: z.string(),
  methods: z.array(z.object({ method: z.string(), tried: z.number(), seeds: z.array(z.number()) })),
  checks: z.array(
    z.object({
      check: z.string(),
      /** Against the reference, and against the control with a lower rate. */
      tables: z.array(curveTable),
    }),
  ),
  /** Everything that was measured, seed by seed. */
  points: z.array(
    z.object({
      method: z.string(),
      seed: z.number(),
      fraction: z.number(),
      sampledReward: z.number().nullable(),
      greedyReward: z.number().nullable(),
      kl: z.number().nullable(),
      counts: z.array(z.object({ check: z.string(), negative: z.number(), positive: z.number(), n: z.number() })),
      /** Different pairs of neighbouring words over all of them, in its sampled answers; reports of older versions have none. */
      distinctPairs: z.number().nullable().default(null),
      /** Of training alone; null where the run does not say. */
      seconds: z.number().nullable(),
      processorSeconds: z.number().nullable().default(null),
    }),
  ),
});

const point = z.object({
  x: z.number(),
  y: z.number(),
  /** Interval of y, where it has one. */
  low: z.number().nullable(),
  high: z.number().nullable(),
  /** What the point is: “step 24”, “fraction 0.5”. */
  label: z.string(),
});
const chart = z.object({
  title: z.string(),
  xLabel: z.string(),
  yLabel: z.string(),
  /** Values of y are shares and shown as per cent. */
  yIsShare: z.boolean(),
  series: z.array(z.object({ name: z.string(), points: z.array(point) })),
});

const ledger = z.object({
  part: z.enum(['output', 'target', 'chosen', 'rejected', 'left-output', 'right-output']),
  tokens: z.array(z.string()),
  leftLogProbs: z.array(z.number()),
  rightLogProbs: z.array(z.number()),
});
const reportCase = z.object({ comparison: z.string(), row: reportRowSchema, ledgers: z.array(ledger) });

const annotation = z.object({
  sampleId: z.string().nullable(),
  label: z.string(),
  text: z.string(),
  tags: z.array(z.string()),
  /** ISO 8601. */
  at: z.string(),
});

/** Id of the script element that carries a report's data in its HTML. */
export const reportDataId = 'flipguard-report';

export const reportModelSchema = z.object({
  format: z.literal('flipguard-report'),
  version: z.literal(1),
  /** ISO 8601: the one thing in which two exports of the same differ. */
  createdAt: z.string(),
  title: z.string(),
  question: z.string(),
  /** What was found, in sentences: before everything else. */
  answer: z.array(z.string()).default([]),
  subject: z.object({ kind: z.enum(['comparison', 'run', 'runs', 'study']), ids: z.array(z.string()) }),
  sections: z.array(z.enum(reportSections)),
  /** How the p-values of slices that the report shows are adjusted. */
  correction: z.enum(corrections).default('holm'),
  comparisons: z.array(reportComparison),
  methods: z.array(methodTable),
  studies: z.array(studyTable).default([]),
  frontiers: z.array(chart),
  curves: z.array(chart),
  cases: z.array(reportCase),
  /** How many flips there are to list, of which `cases` holds the worst. */
  casesTotal: z.number(),
  annotations: z.array(annotation),
  setup: z.array(fact),
  lineage: z.array(lineageEntry),
  /** Hashes and versions: `label` names the thing, `value` its hash or version. */
  provenance: z.array(fact),
  /** What was not counted or not shown. */
  exclusions: z.array(z.object({ what: z.string(), count: z.number().nullable(), why: z.string() })),
  redaction: z.object({ texts: z.boolean(), privateTags: z.boolean() }),
});

export type ReportModel = z.output<typeof reportModelSchema>;
export type ReportComparison = z.output<typeof reportComparison>;
export type ReportMethodTable = z.output<typeof methodTable>;
export type ReportStudyTable = z.output<typeof studyTable>;
export type ReportCurveTable = z.output<typeof curveTable>;
export type ReportChart = z.output<typeof chart>;
export type ReportCase = z.output<typeof reportCase>;
export type ReportLedger = z.output<typeof ledger>;

/** What a report is made of; parts that do not apply are left out. */
export type ReportParts = Pick<ReportModel, 'createdAt' | 'title' | 'question' | 'subject'> &
  Partial<Omit<ReportModel, 'format' | 'version' | 'createdAt' | 'title' | 'question' | 'subject' | 'redaction'>>;

/** Fills what was left out and drops what the model does not name, so that nothing unintended travels in the file. */
export function reportModel(parts: ReportParts): ReportModel {
  const cases = parts.cases ?? [];
  return reportModelSchema.parse({
    format: 'flipguard-report',
    version: 1,
    sections: [...reportSections],
    correction: 'holm',
    answer: [],
    comparisons: [],
    methods: [],
    studies: [],
    frontiers: [],
    curves: [],
    casesTotal: cases.length,
    annotations: [],
    setup: [],
    lineage: [],
    provenance: [],
    exclusions: [],
    redaction: { texts: false, privateTags: false },
    ...parts,
    cases,
  });
}

/** The worst first: negative flips by falling score, then by id, so that the order never depends on how rows came. */
export function worstFirst(rows: readonly ReportCase[]): ReportCase[] {
  return [...rows].sort(
    (a, b) => (a.row.delta ?? 0) - (b.row.delta ?? 0) || compareText(a.row.sampleId, b.row.sampleId),
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
