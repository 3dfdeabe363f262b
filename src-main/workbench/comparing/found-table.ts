import type { FoundTable } from '../../shared/contract/views.ts';
import type { ReportStudyTable } from '../../shared/domain/reports/report-model.ts';
import { wilson } from '../../shared/domain/statistics/intervals.ts';
import { methodLabel } from '../../shared/presentation/methods.ts';
import { suiteLabel } from '../../shared/presentation/names.ts';
import {
  formatCount,
  formatPercentRange,
  formatRatio,
  formatRatioRange,
  nothing,
} from '../../shared/presentation/numbers.ts';
import { axisNames } from '../../shared/presentation/study-answer.ts';
import { floorText, matchesOf, surenessOf } from './found-sentences.ts';
import type { OutputsOutcome } from './found-sentences.ts';

/** What became of old outputs in every run, on one suite. */
export interface OutputsCheck {
  suiteName: string;
  runs: (OutputsOutcome & { method: string })[];
}

/**
 * Methods in rows: their flips over the reference's wherever both have moved equally far, and the prompts whose output got worse. Null
 * where nothing was measured along paths.
 */
export function foundTable(
  study: ReportStudyTable | null,
  check: string,
  outputs: readonly OutputsCheck[],
): FoundTable | null {
  const tables = study?.checks.find((one) => one.check === check)?.tables ?? [];
  const [first] = tables;
  const matches = matchesOf(study, check);
  if (study === null || first === undefined || matches.length === 0) return null;
  const methods = [
    ...new Set([
      ...study.methods.map(({ method }) => method),
      ...outputs.flatMap(({ runs }) => runs.map((run) => run.method)),
    ]),
  ];
  const ratio = (method: string, axis: string): string => {
    if (method === first.reference) return '1';
    const one = matches.find((match) => match.method === method && match.axis === axis);
    if (one === undefined) return nothing;
    const range = one.low === null || one.high === null ? '' : ` (${formatRatioRange(one.low, one.high)})`;
    return `${formatRatio(one.mean)}${range}`;
  };
  return {
    caption: `Flips of “${suiteLabel(check)}” over those of ${first.reference} where both have moved equally far, each along its own path${outputs.length === 0 ? '' : '; and prompts whose output has a lower reward than the old one'}`,
    heads: [
      'Method',
      ...tables.map(({ axis }) => `#At ${axisNames[axis]}`),
      ...outputs.map(({ suiteName }) => `#Fell, ${suiteLabel(suiteName)}`),
    ],
    rows: methods.map((method) => [
      methodLabel(method),
      ...tables.map(({ axis }) => ratio(method, axis)),
      ...outputs.map(({ runs }) => fell(runs.filter((run) => run.method === method))),
    ]),
    notes: [
      surenessOf(matches),
      ...notCompared(
        methods.filter((method) => method !== first.reference && !matches.some((match) => match.method === method)),
      ),
      ...outputs.flatMap(({ suiteName, runs }) => floorNote(suiteName, runs)),
    ],
  };
}

/** Why a row has no ratio: its run was trained on what would be counted, or was not measured along its path. */
function notCompared(methods: readonly string[]): string[] {
  if (methods.length === 0) return [];
  const [trained, others] = [methods.filter(isTrainedOnIt), methods.filter((method) => !isTrainedOnIt(method))];
  return [
    ...trained.map((method) => `–: ${methodLabel(method)} was trained on the very samples that are counted here.`),
    ...others.map((method) => `–: ${methodLabel(method)} was not measured along its path.`),
  ];
}

function isTrainedOnIt(method: string): boolean {
  return method.includes('guard set');
}

/** Of all runs of a method together. */
function fell(runs: readonly OutputsOutcome[]): string {
  const sum = (field: 'negative' | 'n') => runs.reduce((total, run) => total + run[field], 0);
  const [negative, n] = [sum('negative'), sum('n')];
  return n === 0
    ? nothing
    : `${formatCount(negative)} of ${formatCount(n)} (${formatPercentRange(wilson(negative, n))})`;
}

function floorNote(suiteName: string, [first]: readonly OutputsOutcome[]): string[] {
  if (first?.floor == null) return [];
  return [`Of “${suiteLabel(suiteName)}”, ${floorText(first.floor)} by luck alone.`];
}
