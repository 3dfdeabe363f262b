import type { ReportCurveTable, ReportStudyTable } from '../domain/reports/report-model.ts';
import type { LeftOut, MatchedAxis } from '../domain/statistics/matched-curves.ts';
import {
  formatCount,
  formatLevel,
  formatMeanRange,
  formatNumber,
  formatPercent,
  formatRange,
  nothing,
} from './numbers.ts';

/** A table as the window, the report's file and Markdown show it. Heads that begin with `#` are of numbers. */
export interface StudyTableView {
  title: string;
  note: string;
  heads: string[];
  rows: string[][];
  findings: string[];
}

export const axisNames: Readonly<Record<MatchedAxis, string>> = {
  'sampled-reward': 'equal sampled reward',
  'greedy-reward': 'equal greedy reward',
  kl: 'equal KL',
};
const reasons: Readonly<Record<LeftOut, string>> = {
  'no-partner': 'the reference has no run of that seed',
  'not-measured': 'not measured on this axis',
  'no-ground': 'a side does not move there',
  'no-flips': 'a side flips nothing there',
};

/** All tables of a study on one model. */
export function studyTables(study: ReportStudyTable): StudyTableView[] {
  return [
    ...study.checks.flatMap(({ check, tables }) =>
      [...new Set(tables.map(({ reference }) => reference))].map((reference) =>
        ratioTable(
          study,
          check,
          reference,
          tables.filter((table) => table.reference === reference),
        ),
      ),
    ),
    pointsTable(study),
  ];
}

function ratioTable(
  { model, methods, lowerRate }: ReportStudyTable,
  check: string,
  reference: string,
  tables: readonly ReportCurveTable[],
): StudyTableView {
  const others = methods.filter(({ method }) => method !== reference);
  const rowOf = (table: ReportCurveTable, method: string) => table.rows.find((row) => row.method === method) ?? null;
  const level = formatLevel(tables[0]?.level ?? 0.95);
  const shares = tables.map(
    ({ axis, shares: at }) => `${axisNames[axis]} at ${at.map((share) => formatPercent(share)).join(', ')}`,
  );
  return {
    title: `${check} on ${model}: negative flips over those of “${reference}”`,
    note: `Each run with its own path from the old weights, against the reference’s of the same seed, where both have moved as far (${shares.join('; ')} of the range that both reach): the geometric mean, and over seeds its ${level} t interval on the log scale. Below 1: fewer flips.${lowerRate === reference ? ' This reference is the control with a lower learning rate.' : ''}`,
    heads: ['method', ...tables.map(({ axis }) => `#${axisNames[axis]}`), '#seeds', '#configurations tried'],
    rows: others.map(({ method, tried, seeds }) => [
      method === lowerRate ? `${method} (control)` : method,
      ...tables.map((table) => formatMeanRange(rowOf(table, method)?.ratio ?? null, formatNumber)),
      formatCount(seeds.length),
      formatCount(tried),
    ]),
    findings: tables.flatMap((table) =>
      others.flatMap(({ method }) => {
        const row = rowOf(table, method);
        return row === null ? [] : [sentence(table, method, row), ...missing(table, method, row)];
      }),
    ),
  };
}

function sentence(
  { axis, reference }: ReportCurveTable,
  method: string,
  row: ReportCurveTable['rows'][number],
): string {
  const head = `${method} against ${reference} at ${axisNames[axis]}`;
  if (row.ratio === null) return `${head}: no seed lets them be compared.`;
  const { mean, low, high, perSeed } = row.ratio;
  const seeds =
    perSeed.length === 1 ? 'one seed, so no interval' : `${perSeed.length} seeds, ${formatRange(low, high)}`;
  const answer = {
    fewer: 'fewer negative flips',
    more: 'more negative flips',
    'cannot-be-told': 'whether it flips fewer cannot be told from these seeds',
  }[row.answer ?? 'cannot-be-told'];
  return `${head}: ${formatNumber(mean)} times the negative flips (${seeds}); ${answer}.`;
}

function missing({ axis }: ReportCurveTable, method: string, { leftOut }: ReportCurveTable['rows'][number]): string[] {
  if (leftOut.length === 0) return [];
  const parts = leftOut.map(({ seed, why }) => `seed ${seed} (${reasons[why]})`);
  return [`${method} at ${axisNames[axis]}, left out: ${parts.join(', ')}.`];
}

/** Means over seeds, so that the ratios have something to stand on. */
function pointsTable({ model, methods, points }: ReportStudyTable): StudyTableView {
  const checks = points[0]?.counts.map(({ check }) => check) ?? [];
  const mean = (values: readonly (number | null)[]) => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  const shown = (value: number | null) => (value === null ? nothing : formatNumber(value));
  const rows = methods.flatMap(({ method }) => {
    const own = points.filter((point) => point.method === method);
    const fractions = [...new Set(own.map(({ fraction }) => fraction))];
    return fractions.map((fraction) => {
      const at = own.filter((point) => point.fraction === fraction);
      const count = (check: string, side: 'negative' | 'positive') =>
        mean(at.map(({ counts }) => counts.find((one) => one.check === check)?.[side] ?? null));
      return [
        method,
        formatPercent(fraction),
        shown(mean(at.map(({ sampledReward }) => sampledReward))),
        shown(mean(at.map(({ greedyReward }) => greedyReward))),
        shown(mean(at.map(({ kl }) => kl))),
        ...checks.map((check) => `${shown(count(check, 'negative'))} / ${shown(count(check, 'positive'))}`),
        fraction === 1 ? shown(mean(at.map(({ seconds }) => seconds))) : nothing,
      ];
    });
  });
  const samples = checks.map((check) => {
    const n = points.flatMap(({ counts }) => counts.find((one) => one.check === check)?.n ?? []);
    return `${check}: ${formatCount(Math.max(0, ...n))} samples`;
  });
  return {
    title: `What was measured on ${model}`,
    note: `Means over seeds; “of the way” is from the old weights to the trained ones. ${samples.join('; ')}. Training: seconds from start to end, evaluations after it not counted.`,
    heads: [
      'method',
      '#of the way',
      '#sampled reward',
      '#greedy reward',
      '#KL, nats',
      ...checks.map((check) => `#${check}, ▼ / ▲`),
      '#training, s',
    ],
    rows,
    findings: [],
  };
}
