import { isCounted } from '../flips.ts';
import type { Rate } from './comparison-summary.ts';
import { excessP } from './excess.ts';
import { wilson } from './intervals.ts';
import { benjaminiHochberg, holm } from './multiple-tests.ts';
import type { Candidate, SearchSample, SliceFamily } from './slice-features.ts';
import { groupCandidates } from './slice-groups.ts';
import { textCandidates } from './slice-texts.ts';

export interface FoundSlice {
  /** How it is told from the rest: `text has “not happy”`, `prompt length ≥ 420`, `tag: hard`. */
  name: string;
  family: SliceFamily;
  n: number;
  negativeFlips: number;
  nfr: Rate;
  /** NFR of the samples outside the slice. */
  restNfr: Rate;
  /**
   * The share of what was right before that is lost, in the slice and outside. A slice can hold more negative flips merely
   * because there was more to lose in it: then these two agree. Null under the margin rule.
   */
  lostOfRight: Rate | null;
  restLostOfRight: Rate | null;
  /** One-sided Fisher test for more negative flips in the slice than outside. */
  p: number;
  /** `p`, Holm-adjusted over every candidate tried, shown or not. */
  pHolm: number;
  /** `p`, adjusted after Benjamini–Hochberg over every candidate tried. */
  pBh: number;
}

export interface SliceSearchResult {
  /** Candidates tried: the correction counts them all. */
  tried: number;
  /** Samples counted. */
  n: number;
  negativeFlips: number;
  /** Most surprising first. Candidates that select the same samples as an earlier one are left out here, not in `tried`. */
  found: FoundSlice[];
}

export interface SliceSearchOptions {
  /** A candidate needs this many samples; selected without looking at flips, so it costs no correction. */
  minSamples?: number;
  /** How many to answer at most. */
  limit?: number;
  /** Return only slices with an adjusted p of at most this; 1 returns the top ones whatever their p. */
  maxPHolm?: number;
  /** Told how much is done, 0…1, a few times. */
  onProgress?: (fraction: number) => void;
}

/**
 * Searches for slices with more negative flips than the rest: lengths and numbers by quartile, tags, slices, labels, and
 * words and two-word phrases of the text. What it finds is a lead, corrected for having looked at everything, not a
 * proof: check it on fresh samples.
 */
export function searchSlices(samples: readonly SearchSample[], options: SliceSearchOptions = {}): SliceSearchResult {
  const { minSamples = 20, limit = 50, maxPHolm = 1, onProgress = () => {} } = options;
  const counted = samples.filter((sample) => isCounted(sample.kind));
  const negative = counted.filter((sample) => sample.kind === 'negative').length;
  const whole = { n: counted.length, negative, rightBefore: rightBeforeOf(counted) };
  const groups = groupCandidates(counted, minSamples);
  onProgress(0.2);
  const texts = textCandidates(counted, minSamples, (fraction) => onProgress(0.2 + 0.7 * fraction));
  const candidates = [...groups, ...texts].filter((candidate) => candidate.n < counted.length);
  const p = candidates.map((candidate) => excessP(candidate.negativeFlips, candidate.n, negative, counted.length));
  const pHolm = holm(p);
  const pBh = benjaminiHochberg(p);
  const order = candidates.map((_, i) => i).sort((i, j) => (p[i] as number) - (p[j] as number));
  const seen = new Set<string>();
  const found: FoundSlice[] = [];
  for (const i of order) {
    const candidate = candidates[i] as Candidate;
    const identity = `${candidate.n}:${candidate.members}`;
    if (found.length >= limit || (pHolm[i] as number) > maxPHolm) break;
    if (seen.has(identity)) continue;
    seen.add(identity);
    found.push({
      ...described(candidate, whole),
      p: p[i] as number,
      pHolm: pHolm[i] as number,
      pBh: pBh[i] as number,
    });
  }
  return { tried: candidates.length, n: counted.length, negativeFlips: negative, found };
}

/** Samples that were right on the old side; null where the rule judges no side. */
function rightBeforeOf(samples: readonly SearchSample[]): number | null {
  if (!samples.some(({ kind }) => kind === 'kept-right' || kind === 'kept-wrong')) return null;
  return samples.filter(({ kind }) => kind === 'negative' || kind === 'kept-right').length;
}

function described(
  { name, family, n, negativeFlips, rightBefore }: Candidate,
  whole: { n: number; negative: number; rightBefore: number | null },
) {
  return {
    name,
    family,
    n,
    negativeFlips,
    nfr: wilson(negativeFlips, n),
    restNfr: wilson(whole.negative - negativeFlips, whole.n - n),
    lostOfRight: whole.rightBefore === null ? null : wilson(negativeFlips, rightBefore),
    restLostOfRight:
      whole.rightBefore === null ? null : wilson(whole.negative - negativeFlips, whole.rightBefore - rightBefore),
  };
}
