/**
 * The tables of docs/findings.md from the points that stand beside it, as Markdown:
 *
 *     node build/node24.mjs test/bench/study-points.ts docs/examples/study-260k-points.csv [MORE.csv …] [--reference DPO …]
 *
 * Several files are one study whose seeds were run apart. Against each reference: ratios of negative flips at equal distance, per check;
 * then means over seeds.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { matchCurves, matchedAxes } from '../../src-main/shared/domain/statistics/matched-curves.ts';
import type { CurveRow, MethodCurve } from '../../src-main/shared/domain/statistics/matched-curves.ts';
import { formatFixed, formatNumber, formatRatio, nothing } from '../../src-main/shared/presentation/numbers.ts';

const { values: options, positionals: files } = parseArgs({
  allowPositionals: true,
  options: { reference: { type: 'string', multiple: true, default: ['DPO', 'DPO, 0.25 × the rate'] } },
});

const figure = z.union([z.literal('').transform(() => null), z.coerce.number()]);
const pointSchema = z.object({
  ...{ method: z.string(), seed: z.coerce.number(), fraction: z.coerce.number(), check: z.string() },
  ...{ sampledReward: figure, greedyReward: figure, kl: figure },
  ...{ negative: z.coerce.number(), positive: z.coerce.number(), n: z.coerce.number() },
  // Of studies from before these were measured there are none.
  ...{ distinctPairs: figure.default(null), seconds: figure, processorSeconds: figure.default(null) },
});
type Point = z.output<typeof pointSchema>;

const points = files.flatMap((file) => z.array(pointSchema).parse(parse(readFileSync(file), { columns: true })));
const methods = [...new Set(points.map(({ method }) => method))];
const checks = [...new Set(points.map(({ check }) => check))];

for (const check of checks) {
  const curves = curvesOf(points.filter((point) => point.check === check));
  for (const reference of options.reference) {
    const byAxis = matchedAxes.map((axis) => matchCurves(curves, { axis, reference }).rows);
    print(
      `${check}, over ${reference}`,
      ['method', 'equal sampled reward', 'equal greedy reward', 'equal KL'],
      methods
        .filter((method) => method !== reference)
        .map((method) => [method, ...byAxis.map((rows) => ratioOf(rows.find((row) => row.method === method)))]),
    );
  }
}
print(
  'means over seeds',
  [
    'method',
    'of the way',
    'sampled',
    'greedy',
    'KL',
    ...checks.map((check) => `${check} ▼ / ▲`),
    'distinct pairs',
    's',
    'processor s',
  ],
  methods.flatMap((method) => meansOf(points.filter((point) => point.method === method))),
);

function curvesOf(own: readonly Point[]): MethodCurve[] {
  return [...Map.groupBy(own, ({ method, seed }) => JSON.stringify([method, seed])).values()].map((path) => ({
    method: path[0]!.method,
    seed: path[0]!.seed,
    points: path.map(({ fraction, sampledReward, greedyReward, kl, negative, n }) => ({
      fraction,
      along: { 'sampled-reward': sampledReward, 'greedy-reward': greedyReward, kl },
      negativeFlips: negative,
      n,
    })),
  }));
}

/** Bold where the interval leaves 1 out on the good side. */
function ratioOf(row: CurveRow | undefined): string {
  const ratio = row?.ratio ?? null;
  if (ratio === null) return nothing;
  const text =
    ratio.low === null
      ? formatRatio(ratio.mean)
      : `${formatRatio(ratio.mean)} [${formatRatio(ratio.low)}, ${formatRatio(ratio.high)}]`;
  const told = row?.answer === 'fewer' ? `**${text}**` : text;
  const missing = row?.leftOut.length ?? 0;
  return missing === 0 ? told : `${told} (without ${missing} of its seeds)`;
}

function meansOf(own: readonly Point[]): string[][] {
  return [...Map.groupBy(own, ({ fraction }) => fraction)].map(([fraction, at]) => {
    const first = at.filter(({ check }) => check === checks[0]);
    const mean = (key: keyof Point, of: readonly Point[] = first) => {
      const known = of.map((point) => point[key]).filter((value) => typeof value === 'number');
      return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
    };
    return [
      own[0]!.method,
      `${Math.round(fraction * 100)} %`,
      ...(['sampledReward', 'greedyReward', 'kl'] as const).map((key) => formatNumber(mean(key), 3)),
      ...checks.map((check) => {
        const counted = at.filter((point) => point.check === check);
        return `${formatNumber(mean('negative', counted), 4)} / ${formatNumber(mean('positive', counted), 4)}`;
      }),
      formatFixed(mean('distinctPairs')),
      ...(['seconds', 'processorSeconds'] as const).map((key) => (fraction === 1 ? formatNumber(mean(key), 3) : '')),
    ];
  });
}

function print(title: string, heads: readonly string[], rows: readonly (readonly string[])[]): void {
  const lines = [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  console.log(`\n**${title}**\n\n${lines.join('\n')}`);
}
