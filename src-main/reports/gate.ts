import { WorkbenchError } from '../shared/domain/errors.ts';
import type { ClusteredRate, ComparisonSummary, Rate } from '../shared/domain/statistics/comparison-summary.ts';

import type { OutputFloor } from '../shared/domain/statistics/output-floor.ts';
import { judgedText } from './gate-check.ts';
import type { GateCheck, GateOutcome, GateQuantity } from './gate-check.ts';
import { averageName } from '../shared/presentation/attempts.ts';
import { samplesToClearLimit } from '../shared/domain/statistics/mcnemar.ts';
import { formatCount, formatPercent, formatPercentRange } from '../shared/presentation/numbers.ts';

export { gateJUnit, gateMarkdown } from './gate-output.ts';

/** What a comparison may cost: shares between 0 and 1. */
export interface GateLimits {
  maxNfr?: number;
  /** Tolerated loss of accuracy (or of net flips, under the margin rule). */
  maxDrop?: number;
  /** Negative flips of single answers beyond what sampling alone brings; for samples that were answered several times. */
  maxExcess?: number;
  /** Negative flips of one kind of change, among all samples counted, each with the limit it is held to. */
  kinds?: readonly { kind: string; limit: number; rate: Rate | ClusteredRate }[];
}
export interface GateVerdict {
  outcome: GateOutcome;
  /** Why no number can decide: the two sides were judged by different measures. */
  cannot: string | null;
  checks: GateCheck[];
  left: string;
  right: string;
  paired: number;
  /** Of the intervals judged. */
  level: number;
}

/**
 * Judges a comparison on its intervals' bounds: a limit is kept when the whole interval lies at or below it, broken when
 * the whole interval lies above it, and otherwise these samples cannot decide. Where samples come in groups the
 * clustered interval is judged, since the other would be too sure.
 */
export function judgeGate(summary: ComparisonSummary, limits: GateLimits): GateVerdict {
  if (limits.maxNfr !== undefined) requireShare(limits.maxNfr, 'max-nfr');
  if (limits.maxDrop !== undefined) requireShare(limits.maxDrop, 'max-drop', 'difference');
  if (limits.maxExcess !== undefined) requireShare(limits.maxExcess, 'max-excess', 'difference');
  const judged = [
    ...(limits.maxNfr === undefined ? [] : [nfrCheck(summary, limits.maxNfr)]),
    ...(limits.maxDrop === undefined ? [] : [dropCheck(summary, limits.maxDrop)]),
    ...(limits.maxExcess === undefined ? [] : [excessCheck(summary, limits.maxExcess)]),
    ...(limits.kinds ?? []).map(({ kind, limit, rate }) => kindCheck(kind, rate, limit, summary)),
  ];
  // A rate between two measures says nothing, whichever side of the limit it lies on.
  const checks =
    summary.measure?.difference == null
      ? judged
      : judged.map((check) => ({
          ...check,
          outcome: 'undecided' as const,
          reason: `Not decided: the two sides were judged differently. ${check.reason}`,
        }));
  const outcomes = checks.map(({ outcome }) => outcome);
  const cannot = summary.measure?.difference ?? null;
  return {
    cannot,
    outcome:
      cannot !== null
        ? 'undecided'
        : outcomes.includes('fail')
          ? 'fail'
          : outcomes.includes('undecided')
            ? 'undecided'
            : 'pass',
    checks,
    left: summary.left.name,
    right: summary.right.name,
    paired: summary.n.paired,
    level: summary.nfr.level,
  };
}

/** Of sampled outputs the falls beyond those that sampling alone makes: two samplings of the old model differ at most prompts. */
function nfrCheck({ nfr, clustered, n, floor }: ComparisonSummary, limit: number): GateCheck {
  if (floor != null) return beyondFloor(nfr, floor, limit);
  return rateCheck({ name: 'NFR', what: 'NFR' }, clustered?.nfr ?? nfr, limit, n.paired);
}

function beyondFloor(nfr: Rate, floor: OutputFloor, limit: number): GateCheck {
  const { value, low, high } = floor.excess;
  const outcome = judge(low, high, limit);
  const judged = { quantity: 'difference', value, low, high, limit } as const;
  const ofFloor = `${formatPercent(floor.nfr)}, interval ${formatPercentRange(floor)}, of ${formatCount(floor.n)}`;
  return {
    name: 'NFR beyond floor',
    outcome,
    ...judged,
    reason: `NFR ${formatPercent(nfr.value)}; two samplings of the old model make ${ofFloor} (the floor). Beyond it ${judgedText(judged, outcome)}`,
  };
}

function kindCheck(kind: string, rate: Rate | ClusteredRate, limit: number, { n }: ComparisonSummary): GateCheck {
  requireShare(limit, 'max-kind');
  return rateCheck({ name: kind, what: `Negative flips of kind ${kind}:` }, rate, limit, n.paired);
}

function rateCheck(
  { name, what }: { name: string; what: string },
  rate: Rate | ClusteredRate,
  limit: number,
  paired: number,
): GateCheck {
  const { value, low, high } = rate;
  const outcome = paired === 0 ? 'undecided' : judge(low, high, limit);
  const judged = { quantity: 'rate', value, low, high, limit } as const;
  const needed = value === null || paired === 0 ? null : samplesToClearLimit(value, limit, rate.level);
  const effect = rate.method === 'wilson-clustered' ? rate.designEffect : 1;
  const more =
    outcome === 'undecided' && needed !== null && needed * effect > paired
      ? ` About ${formatCount(needed * effect)} paired samples would decide it if the rate stayed as it is; there are ${formatCount(paired)}.`
      : '';
  return {
    name,
    outcome,
    ...judged,
    reason: `${what} ${judgedText(judged, outcome)}${more}`,
  };
}

/** Where samples were answered several times, the fall of the mean success probability: a vote would hide half of it. */
function dropCheck({ netChange, clustered, n, attempts }: ComparisonSummary, limit: number): GateCheck {
  const change = attempts?.success.change ?? clustered?.netChange ?? netChange;
  const [low, high] = [change.high === null ? -1 : -change.high, change.low === null ? 1 : -change.low];
  const value = change.value === null ? null : -change.value;
  const counted = attempts?.n ?? n.paired;
  const outcome = counted === 0 ? 'undecided' : judge(low, high, limit);
  const judged = { quantity: 'difference', value, low, high, limit } as const;
  const what = attempts == null ? 'Drop' : `Drop of ${averageName(attempts)}`;
  return {
    name: 'drop',
    outcome,
    ...judged,
    reason: `${what} ${judgedText(judged, outcome)}`,
  };
}

function excessCheck({ attempts }: ComparisonSummary, limit: number): GateCheck {
  const excess = attempts?.oneAnswer.excessNfr ?? null;
  if (excess === null) {
    throw new WorkbenchError(
      'bad-input',
      'max-excess needs samples that were answered several times; these were not.',
      {
        remedy: 'Evaluate with repeats above 1, import a source with several answers per sample, or use max-nfr.',
        place: { field: 'max-excess' },
      },
    );
  }
  const { value } = excess;
  const [low, high] = [excess.low ?? -1, excess.high ?? 1];
  const outcome = judge(low, high, limit);
  const judged = { quantity: 'difference', value, low, high, limit } as const;
  return {
    name: 'excess',
    outcome,
    ...judged,
    reason: `Negative flips beyond what sampling alone brings: ${judgedText(judged, outcome)}`,
  };
}

function judge(low: number, high: number, limit: number): GateOutcome {
  if (high <= limit) return 'pass';
  return low > limit ? 'fail' : 'undecided';
}

function requireShare(limit: number, field: string, quantity: GateQuantity = 'rate'): void {
  if (limit >= 0 && limit <= 1) return;
  throw new WorkbenchError('bad-input', `The limit ${field} is ${limit}; it must be a share between 0 and 1.`, {
    remedy: quantity === 'rate' ? 'Write 0.02 for 2 %.' : 'Write 0.02 for 2 points.',
    place: { field },
  });
}
