import type { FlipKind } from '../../src-main/shared/domain/flips.ts';
import { wilson } from '../../src-main/shared/domain/statistics/intervals.ts';
import { matchMethods } from '../../src-main/shared/domain/statistics/matched-methods.ts';
import type { MethodPath } from '../../src-main/shared/domain/statistics/matched-methods.ts';
import { SeededRandom } from '../../src-main/shared/domain/statistics/random.ts';
import { searchSlices } from '../../src-main/shared/domain/statistics/slice-search.ts';
import { comparisonSummary, countFlips, flipCode } from '../../src-main/shared/domain/statistics/summarise.ts';
import { reportModel, worstFirst } from '../../src-main/shared/domain/reports/report-model.ts';
import type { ReportCase, ReportModel } from '../../src-main/shared/domain/reports/report-model.ts';

/** Invented samples, really counted: every figure of the report comes from the statistics under test. */
const random = new SeededRandom(42);
const pick = (words: string): string => {
  const list = words.split(' ');
  return list[Math.floor(random.next() * list.length)] ?? '';
};

interface Sample extends ReportCase {
  story: number;
}

const samples: Sample[] = Array.from({ length: 600 }, (_, i): Sample => {
  const sad = random.next() < 0.2;
  const prompt = `Once there was a ${pick('big little old red')} ${pick('dog cat bird fox')}. It was ${sad ? pick('sad scared hurt') : pick('happy quick warm')} and`;
  const u = random.next();
  const kind: FlipKind =
    u < (sad ? 0.26 : 0.06) ? 'negative' : u < (sad ? 0.28 : 0.1) ? 'positive' : u < 0.7 ? 'kept-right' : 'kept-wrong';
  const old = `went home to its friend. The ${pick('dog cat bird')} cried a little.`;
  const rightBefore = kind === 'negative' || kind === 'kept-right';
  const rightNow = kind === 'positive' || kind === 'kept-right';
  const delta =
    (kind === 'negative' ? -2.4 : kind === 'positive' ? 1.8 : 0) + Math.round((random.next() - 0.6) * 200) / 100;
  return {
    comparison: 'words',
    story: Math.floor(i / 4),
    row: {
      sampleId: `story-${Math.floor(i / 4)}/word-${i % 4}`,
      prompt,
      target: 'cried',
      kind,
      delta: Math.round(delta * 100) / 100,
      left: { output: old, score: -1.5, verdict: rightBefore ? 'right' : 'wrong' },
      right: {
        output: rightNow ? old : `went home to its best friend. The ${pick('dog cat bird')} smiled and smiled.`,
        score: Math.round((-1.5 + delta) * 100) / 100,
        verdict: rightNow ? 'right' : 'wrong',
      },
      slices: [sad ? 'negative words' : 'other words'],
      tags: i % 50 === 0 ? ['look again'] : [],
      stability: null,
      note: '',
    },
    ledgers: [],
  };
});

function summary() {
  const kinds = samples.map(({ row }) => row.kind);
  const slices = ['negative words', 'other words'].map((name) => ({
    name,
    counts: countFlips(samples.filter(({ row }) => row.slices.includes(name)).map(({ row }) => row.kind)),
  }));
  return comparisonSummary(
    {
      left: { id: 'eval-old', name: 'stories15M' },
      right: { id: 'eval-new', name: 'stories15M · dpo · step 48' },
      rule: { kind: 'verdict', ties: 'excluded' },
      unmatchedLeft: 2,
      unmatchedRight: 0,
      counts: countFlips(kinds),
      slices,
      samples: {
        kinds: Uint8Array.from(kinds, flipCode),
        deltas: Float64Array.from(samples, ({ row }) => row.delta ?? NaN),
        clusters: Int32Array.from(samples, ({ story }) => story),
      },
    },
    { seed: 0 },
  );
}

/** Paths whose flips grow with what they gain, at a rate of their own. */
function paths(): MethodPath[] {
  const random = new SeededRandom(43);
  const rates = { dpo: 5.5, flipguard: 3.1, 'dpo + nll': 3.2, interpolation: 3 };
  return Object.entries(rates).flatMap(([method, rate]) =>
    [0, 1, 2].map((seed): MethodPath => {
      const speed = (method === 'dpo' ? 12 : 8) + random.next();
      return {
        method,
        seed,
        points: [0, 12, 24, 36, 48].map((step) => {
          const gain = speed * (1 - Math.exp(-step / 25));
          return {
            position: step,
            label: `step ${step}`,
            reward: 6 + gain,
            kl: gain * gain * 0.2,
            negativeFlips: Math.round(gain * rate * (1 + 0.15 * (random.next() - 0.5))),
            positiveFlips: Math.round(gain * 2),
            n: 600,
          };
        }),
      };
    }),
  );
}

const ledger: ReportCase['ledgers'][number] = {
  part: 'target',
  tokens: [' The', ' little', ' dog', ' cr', 'ied', '.'],
  leftLogProbs: [-0.31, -1.2, -0.7, -2.1, -0.02, -0.4],
  rightLogProbs: [-0.29, -1.9, -0.6, -5.6, -0.9, -0.2],
};

/** A full report: every section has something to show. */
export function fixtureReport(createdAt = '2030-01-02T03:04:05.000Z'): ReportModel {
  const methodPaths = paths();
  const tables = (['reward-gain', 'kl'] as const).flatMap((axis) => {
    const table = matchMethods(methodPaths, { axis, reference: 'dpo' });
    return table === null
      ? []
      : [{ title: axis === 'kl' ? 'words, at matched KL' : 'words, at matched reward', ...table }];
  });
  const negatives = worstFirst(samples.filter(({ row }) => row.kind === 'negative'));
  return reportModel({
    createdAt,
    title: 'Does DPO make stories15M forget words it knew?',
    question: 'Positivity was preferred in training. The check asks for words the preference does not mention.',
    subject: { kind: 'runs', ids: ['run-1'] },
    comparisons: [
      {
        title: 'words',
        decoding: 'teacher-forced greedy match, so the noise floor is 0 by construction',
        summary: summary(),
        noiseFloor: null,
        search: searchSlices(
          samples.map(({ row }) => ({ kind: row.kind, text: row.prompt ?? '' })),
          { limit: 5 },
        ),
      },
    ],
    methods: tables,
    frontiers: [frontier(methodPaths)],
    curves: [lossCurve()],
    cases: negatives
      .slice(0, 8)
      .map(({ comparison, row }, i) => ({ comparison, row, ledgers: i === 0 ? [ledger] : [] })),
    casesTotal: negatives.length,
    annotations: [
      {
        sampleId: negatives[0]?.row.sampleId ?? null,
        label: 'tone',
        text: 'Became cheerful.',
        tags: [],
        at: '2030-01-02T03:00:00.000Z',
      },
    ],
    setup: [
      { label: 'Algorithm', value: 'DPO, sigmoid, β 0.1' },
      { label: 'Training', value: '48 steps of 8 pairs, AdamW, learning rate 2e-5, seeds 0, 1, 2' },
      { label: 'Backend', value: 'tensorflow-cpu' },
    ],
    lineage: [
      { id: 'm', kind: 'model', name: 'stories15M', detail: '15.2 M parameters', from: [] },
      { id: 'd', kind: 'dataset', name: 'afinn-pairs', detail: '384 pairs', from: ['m'] },
      { id: 'run-1', kind: 'run', name: 'dpo', detail: 'seed 0', from: ['m', 'd'] },
    ],
    provenance: [
      {
        label: 'stories15M, weights',
        value: 'sha256 3f7a0c5e9b1d2468ace013579bdf02468ace13579bdf02468ace13579bdf0246',
      },
    ],
    exclusions: [{ what: 'words of fewer than 4 letters', count: 812, why: 'not content words' }],
  });
}

function frontier(methodPaths: readonly MethodPath[]): ReportModel['frontiers'][number] {
  return {
    title: 'Words: reward and negative flips, seed 0',
    xLabel: 'reward',
    yLabel: 'NFR',
    yIsShare: true,
    series: methodPaths
      .filter(({ seed }) => seed === 0)
      .map(({ method, points }) => ({
        name: method,
        points: points.map((point) => {
          const { value, low, high } = wilson(point.negativeFlips, point.n);
          return { x: point.reward, y: value ?? 0, low, high, label: `step ${point.position}` };
        }),
      })),
  };
}

function lossCurve(): ReportModel['curves'][number] {
  const random = new SeededRandom(44);
  const points = Array.from({ length: 48 }, (_, step) => ({
    x: step + 1,
    y: Math.log(2) * Math.exp(-step / 30) + 0.05 * (random.next() - 0.5),
    low: null,
    high: null,
    label: `step ${step + 1}`,
  }));
  return { title: 'Loss', xLabel: 'step', yLabel: 'loss', yIsShare: false, series: [{ name: 'dpo', points }] };
}
