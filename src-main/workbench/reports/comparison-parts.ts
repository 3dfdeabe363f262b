import type {
  ReportCase,
  ReportComparison,
  ReportParts,
  ReportWords,
} from '../../shared/domain/reports/report-model.ts';
import { reportRowOf } from '../../shared/domain/reports/report-row.ts';
import { reportCharacters, shortened } from '../../shared/domain/long-texts.ts';
import { shortRow } from '../../shared/domain/reports/short-row.ts';
import type { EvaluationRecord } from '../../shared/domain/entities.ts';
import type { ComparisonRecord, FlipFilter } from '../../shared/domain/flip-view.ts';
import { clusterName } from '../../shared/presentation/flip-set.ts';
import { judgedSentence, judgedWhere } from '../../shared/presentation/judged.ts';
import { statementSentence } from '../../shared/presentation/statements.ts';
import { adjustedP } from '../../shared/domain/statistics/multiple-tests.ts';
import type { Correction } from '../../shared/domain/statistics/multiple-tests.ts';
import type { ComparisonSummary } from '../../shared/domain/statistics/comparison-summary.ts';
import type { Comparisons } from '../comparing/comparisons.ts';
import type { Core } from '../core.ts';
import type { Samples } from '../comparing/samples.ts';
import { findByName } from '../workspace/names.ts';
import { noiseFloorOf } from '../comparing/noise-floor.ts';
import { partOf } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { decodingWords } from './facts.ts';

export interface PartsContext {
  core: Core;
  comparisons: Comparisons;
  samples: Samples;
  version: string;
}

/** How many regressions a comparison shows with whole texts, and how many of these with token ledgers. */
export interface Shown {
  cases: number;
  ledgers: number;
}
export const shownAlone: Shown = { cases: 200, ledgers: 5 };

/** Found slices with a larger adjusted p say nothing that chance does not. */
const foundBelowP = 0.05;
const foundSlices = 12;

type ComparisonParts = Required<
  Pick<ReportParts, 'comparisons' | 'cases' | 'casesTotal' | 'annotations' | 'exclusions'>
> & {
  evaluations: EvaluationRecord[];
  /** Cases whose texts are shortened. */
  long: LongCase[];
};

/** Where the whole texts of a case are. */
export interface LongCase {
  /** Title of its comparison in the report. */
  comparison: string;
  sampleId: string;
  comparisonId: string;
  sampleKey: number;
}

/** What one comparison contributes to a report. */
export async function comparisonParts(
  context: PartsContext,
  comparison: ComparisonRecord,
  shown: Shown & { correction: Correction },
  task: Task,
): Promise<ComparisonParts> {
  const { core, comparisons } = context;
  const all = await core.store.listEvaluations();
  const left = findByName('evaluation', all, comparison.leftEvaluationId);
  const right = findByName('evaluation', all, comparison.rightEvaluationId);
  task.progress('counting flips', 0.2);
  const summary = await comparisons.summary(comparison.id);
  const kinds = await comparisons.kinds(comparison.id, {}, partOf(task, 0.2, 0.4));
  const words = await wordsOf(context, comparison.id, partOf(task, 0.4, 0.5));
  task.progress('searching slices', 0.5);
  const search = await comparisons.findSlices(comparison.id, partOf(task, 0.5, 0.6));
  task.progress('collecting regressions', 0.6);
  const { cases, long } = await worstCases(context, comparison, right.suiteName, shown, task);
  const reported: ReportComparison = {
    title: right.suiteName,
    decoding: decodingWords(right.decoding),
    summary,
    kinds,
    words,
    noiseFloor: await noiseFloorOf(core, comparisons, comparison, partOf(task, 0.6, 0.9)),
    search: { tried: search.tried, found: standingOut(search.found, shown.correction) },
  };
  return {
    evaluations: [left, right],
    comparisons: [reported],
    cases,
    long,
    casesTotal: summary.negativeFlips,
    annotations: await annotationsOf(context, comparison.id),
    exclusions: exclusionsOf(summary, right.suiteName),
  };
}

/** Groups that are listed; what is rare is told as a number. */
const shownGroups = 12;

/** The negative flips in words: what they have in common, and groups of what changed alike with their most typical samples. */
async function wordsOf({ comparisons }: PartsContext, comparisonId: string, task: Task): Promise<ReportWords> {
  const filter = { kinds: ['negative'] } satisfies FlipFilter;
  const { best, tried } = await comparisons.statements(comparisonId, filter, partOf(task, 0, 0.5));
  const { clusters, read } = await comparisons.flipSet(comparisonId, filter, partOf(task, 0.5, 1));
  const judged = await comparisons.judged(comparisonId, filter);
  const listed = clusters.slice(0, shownGroups);
  return {
    inCommon: [
      ...best.map((one) => ({ statement: one.statement, sentence: statementSentence(one) })),
      ...(judged === null
        ? []
        : judged.best.map((one) => ({ statement: judgedWhere(one), sentence: judgedSentence(one, judged) }))),
    ],
    tried,
    groups: listed.map((cluster) => ({
      name: clusterName(cluster),
      count: cluster.count,
      typical: cluster.typical.map(({ sampleId }) => sampleId),
    })),
    inOtherGroups: read - listed.reduce((sum, { count }) => sum + count, 0),
  };
}

function standingOut<Slice extends { pHolm: number; pBh?: number | undefined }>(
  found: readonly Slice[],
  correction: Correction,
): Slice[] {
  return found.filter((slice) => adjustedP(slice, correction) < foundBelowP).slice(0, foundSlices);
}

/** Negative flips, the largest fall first. */
async function worstCases(
  { core, samples }: PartsContext,
  comparison: ComparisonRecord,
  title: string,
  shown: Shown,
  task: Task,
): Promise<{ cases: ReportCase[]; long: LongCase[] }> {
  const worst: { sampleKey: number; row: ReportCase['row'] }[] = [];
  const long: LongCase[] = [];
  const sort = { column: 'delta', direction: 'ascending' } as const;
  await core.store.streamFlips(comparison.id, { kinds: ['negative'] }, sort, (rows) => {
    for (const flip of rows.slice(0, shown.cases - worst.length)) {
      const { row, isShort } = shortRow(reportRowOf(flip));
      const { sampleKey, sampleId } = flip;
      worst.push({ sampleKey, row });
      if (isShort) long.push({ comparison: title, sampleId, comparisonId: comparison.id, sampleKey });
    }
    return Promise.resolve();
  });
  const keys = worst.slice(0, shown.ledgers).map(({ sampleKey }) => sampleKey);
  const ledgers = await samples.ledgersWherePossible(comparison.id, keys, task);
  const cases = worst.map(({ sampleKey, row }) => ({ comparison: title, row, ledgers: ledgers.get(sampleKey) ?? [] }));
  return { cases, long };
}

async function annotationsOf({ core }: PartsContext, comparisonId: string): Promise<ComparisonParts['annotations']> {
  const annotations = await core.store.annotations(comparisonId);
  const taxonomy = readTaxonomy(await core.store.getSetting('triage.taxonomy'));
  const described: ComparisonParts['annotations'] = [];
  for (const { sampleKey, label, note, changedAt } of annotations) {
    const detail = await core.store.sampleDetail(comparisonId, sampleKey);
    if (detail === null) continue;
    described.push({
      sampleId: detail.sampleId,
      label: label === null ? '' : (taxonomy[label - 1] ?? `label ${label}`),
      text: shortened(note, reportCharacters, 'the whole note is in the workspace'),
      tags: [...new Set([detail.tags, detail.left?.tags ?? [], detail.right?.tags ?? []].flat())].slice(0, 100),
      at: new Date(changedAt).toISOString(),
    });
  }
  return described;
}

function readTaxonomy(setting: string | null): string[] {
  try {
    const value: unknown = JSON.parse(setting ?? '[]');
    return Array.isArray(value) ? value.map(String) : [];
  } catch {
    return [];
  }
}

function exclusionsOf({ n, left, right }: ComparisonSummary, suiteName: string): ComparisonParts['exclusions'] {
  const reasons: [number, string][] = [
    [n.unmatchedLeft, `only ${left.name} has them`],
    [n.unmatchedRight, `only ${right.name} has them`],
    [n.missingVerdict, 'a side has no verdict or score'],
    [n.tied, 'a side is a tie, and the rule leaves ties out'],
  ];
  return reasons
    .filter(([count]) => count > 0)
    .map(([count, why]) => ({ what: `Samples of ${suiteName}`, count, why }));
}
