import type { ReportCurveTable, ReportStudyTable } from '../domain/reports/report-model.ts';
import type { LeftOut } from '../domain/statistics/matched-curves.ts';
import {
  formatCount,
  formatFixed,
  formatLevel,
  formatMeanRange,
  formatNumber,
  formatRatio,
  nothing,
} from './numbers.ts';
import { suiteLabel } from './names.ts';
import { axisNames, oneSeed, toldSentences } from './study-answer.ts';
import { listed, sentenceCase } from './words.ts';

/** A table as the window, the report's file and Markdown show it. Heads that begin with `#` are of numbers. */
export interface StudyTableView {
  title: string;
  /** What has to be known to read it; above the table. */
  note: string;
  /** How its figures came about; below it. */
  method: string | null;
  heads: string[];
  rows: string[][];
  findings: string[];
}

const reasons: Readonly<Record<LeftOut, string>> = {
  'no-partner': 'the reference has no run of that seed',
  'not-measured': 'not measured on this axis',
  'no-ground': 'a side does not move there',
  'no-flips': 'neither side flips anything',
};

/** All tables of a study on one model. */
export function studyTables(study: ReportStudyTable): StudyTableView[] {
  const ratios = study.checks.flatMap(({ check, tables }) =>
    [...Map.groupBy(tables, ({ reference }) => reference)].map(([reference, own]) => ({ check, reference, own })),
  );
  return [
    ...ratios.map(({ check, reference, own }, i) =>
      ratioTable(
        study,
        `Negative flips over those of “${reference}” on “${suiteLabel(check)}”, ${study.model}`,
        reference,
        own,
        i === 0 ? howCompared(own) : null,
      ),
    ),
    pointsTable(study),
  ];
}

function ratioTable(
  { methods, lowerRate }: ReportStudyTable,
  title: string,
  reference: string,
  tables: readonly ReportCurveTable[],
  how: string | null,
): StudyTableView {
  const others = methods.filter(({ method }) => method !== reference);
  const rowOf = (table: ReportCurveTable, method: string) => table.rows.find((row) => row.method === method) ?? null;
  const control = lowerRate === reference ? ' This reference is the control with a lower learning rate.' : '';
  return {
    title,
    note: `Below 1: fewer negative flips than ${reference}.${control}`,
    method: how,
    heads: ['method', ...tables.map(({ axis }) => `#${axisNames[axis]}`), '#seeds', '#configurations tried'],
    rows: others.map(({ method, tried, seeds }) => [
      method === lowerRate ? `${method} (control)` : method,
      ...tables.map((table) => formatMeanRange(rowOf(table, method)?.ratio ?? null, formatRatio)),
      formatCount(seeds.length),
      formatCount(tried),
    ]),
    findings: [
      ...toldSentences(tables)
        // That one seed tells nothing holds for every table, and is said with the first.
        .filter((text) => how !== null || !text.startsWith(oneSeed))
        .map((text) => text.replace(/^(?:no|one) /, sentenceCase)),
      ...tables.flatMap((table) =>
        others.flatMap(({ method }) => {
          const row = rowOf(table, method);
          return row === null ? [] : missing(table, method, row);
        }),
      ),
    ],
  };
}

/** How the ratios came about; said once, with the first table. */
function howCompared(tables: readonly ReportCurveTable[]): string {
  const byShares = Map.groupBy(tables, ({ shares }) => shares.join(' '));
  const places = [...byShares.values()].map((own) => {
    const shares = own[0]?.shares.map((share) => formatLevel(share)) ?? [];
    return `at ${listed(shares)} of the range that both reach (${listed(own.map(({ axis }) => axisNames[axis]))})`;
  });
  const level = formatLevel(tables[0]?.level ?? 0.95);
  return `Each run is read along its own path from the old weights, and so is the reference’s of the same seed, where both have moved as far: ${listed(places)}. A ratio is the geometric mean over these places, of counts with half a sample added, so that none has a ratio, too; over seeds it has a ${level} t interval on the log scale.`;
}

function missing({ axis }: ReportCurveTable, method: string, { leftOut }: ReportCurveTable['rows'][number]): string[] {
  if (leftOut.length === 0) return [];
  const parts = leftOut.map(({ seed, why }) => `seed ${seed} (${reasons[why]})`);
  return [`${method} at ${axisNames[axis]}, left out: ${parts.join(', ')}.`];
}

/** Means over seeds, so that the ratios have something to rest on. */
function pointsTable({ model, methods, points }: ReportStudyTable): StudyTableView {
  const checks = points[0]?.counts.map(({ check }) => check) ?? [];
  const mean = (values: readonly (number | null)[]) => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  const shown = (value: number | null) => formatNumber(value, 3);
  const trained = methods.flatMap(({ method }) => {
    const own = points.filter((point) => point.method === method && point.fraction > 0);
    return [...Map.groupBy(own, ({ fraction }) => fraction)].map(([fraction, at]) => ({ method, fraction, at }));
  });
  // All methods begin with the same weights.
  const start = { method: 'before training', fraction: 0, at: points.filter(({ fraction }) => fraction === 0) };
  const rows = [...(start.at.length === 0 ? [] : [start]), ...trained].map(({ method, fraction, at }) => {
    const count = (check: string, side: 'negative' | 'positive') =>
      mean(at.map(({ counts }) => counts.find((one) => one.check === check)?.[side] ?? null));
    return [
      method,
      formatLevel(fraction),
      shown(mean(at.map(({ sampledReward }) => sampledReward))),
      shown(mean(at.map(({ greedyReward }) => greedyReward))),
      shown(mean(at.map(({ kl }) => kl))),
      ...checks.map((check) => `${formatCount(count(check, 'negative'))} / ${formatCount(count(check, 'positive'))}`),
      formatFixed(mean(at.map(({ distinctPairs }) => distinctPairs))),
      ...[at.map(({ seconds }) => seconds), at.map(({ processorSeconds }) => processorSeconds)].map((values) =>
        fraction === 1 ? formatNumber(mean(values), 2) : nothing,
      ),
    ];
  });
  const samples = checks.map((check) => {
    const n = points.flatMap(({ counts }) => counts.find((one) => one.check === check)?.n ?? []);
    return `${suiteLabel(check)}: ${formatCount(Math.max(0, ...n))} samples`;
  });
  return {
    title: `What was measured on ${model}`,
    note: `Means over seeds; “of the way” is from the old weights to the trained ones. ${samples.join('; ')}.`,
    method:
      'Distinct pairs: different pairs of neighbouring words over all of them in the sampled answers, so fewer means more alike (longer answers have fewer, too). Training: seconds by the clock from start to end, evaluations after it not counted, and processor seconds of its steps.',
    heads: [
      'method',
      '#of the way',
      '#sampled reward',
      '#greedy reward',
      '#KL, nats',
      ...checks.map((check) => `#${suiteLabel(check)}, ▼ / ▲`),
      '#distinct pairs',
      '#training, s',
      '#processor, s',
    ],
    rows,
    findings: [],
  };
}
