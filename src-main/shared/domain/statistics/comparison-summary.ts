import type { Rule } from '../flips.ts';

/** A rate with its interval. */
export interface RateInterval {
  value: number;
  low: number;
  high: number;
  method: string;
  level: number;
}

export interface SliceSummary {
  name: string;
  n: number;
  negativeFlips: number;
  positiveFlips: number;
  nfr: RateInterval;
  pHolm: number;
}

/** The document that `compare --json` prints (docs: interfaces). */
export interface ComparisonSummary {
  left: { id: string; name: string };
  right: { id: string; name: string };
  rule: Rule;
  pairing: 'sample-id' | 'content-hash';
  n: { paired: number; unmatchedLeft: number; unmatchedRight: number; missingVerdict: number };
  accuracy: { left: number | null; right: number | null };
  negativeFlips: number;
  positiveFlips: number;
  nfr: RateInterval;
  pfr: RateInterval;
  nfi: RateInterval | null;
  netChange: { value: number; mcnemarExactP: number };
  scoreDelta: { mean: number; low: number; high: number; method: string; seed: number; clusters: number | null } | null;
  slices: SliceSummary[];
}
