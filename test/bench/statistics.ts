/**
 * How long a comparison's numbers take at 100,000 samples: `node test/bench/statistics.ts`. Prints, asserts nothing.
 */
import type { FlipKind } from '../../src-main/shared/domain/flips.ts';
import { SeededRandom } from '../../src-main/shared/domain/statistics/random.ts';
import { searchSlices } from '../../src-main/shared/domain/statistics/slice-search.ts';
import { comparisonSummary, countFlips, flipCode } from '../../src-main/shared/domain/statistics/summarise.ts';

const samples = 100_000;
const random = new SeededRandom(1);
const kinds = Array.from({ length: samples }, (): FlipKind => {
  const u = random.next();
  return u < 0.06 ? 'negative' : u < 0.09 ? 'positive' : u < 0.6 ? 'kept-right' : 'kept-wrong';
});
const slices = Array.from({ length: 40 }, (_, slice) => ({
  name: `slice ${slice}`,
  counts: countFlips(kinds.filter((_, i) => i % 40 === slice)),
}));
const vocabulary = Array.from({ length: 5000 }, (_, i) => `word${i}`);
const texts = kinds.map(() =>
  Array.from({ length: 40 }, () => vocabulary[Math.floor(random.next() ** 3 * vocabulary.length)] ?? '').join(' '),
);

function measured(name: string, work: () => void): void {
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  }).sort((a, b) => a - b);
  console.log(`${name}: median ${times[2]?.toFixed(0)} ms, worst ${times[4]?.toFixed(0)} ms of 5`);
}

function summary(clusters: Int32Array | null): void {
  comparisonSummary({
    left: { id: 'l', name: 'old' },
    right: { id: 'r', name: 'new' },
    rule: { kind: 'verdict', ties: 'excluded' },
    unmatchedLeft: 0,
    unmatchedRight: 0,
    counts: countFlips(kinds),
    slices,
    samples: {
      kinds: Uint8Array.from(kinds, flipCode),
      deltas: Float64Array.from(kinds, () => random.next()),
      clusters,
    },
  });
}

measured('summary, independent samples, 40 slices', () => summary(null));
measured('summary, 10,000 clusters, 40 slices', () => summary(Int32Array.from(kinds, (_, i) => Math.floor(i / 10))));
measured('slice search, 40 words a text', () =>
  searchSlices(
    kinds.map((kind, i) => ({ kind, text: texts[i] ?? '' })),
    { maxPHolm: 0.05 },
  ),
);
