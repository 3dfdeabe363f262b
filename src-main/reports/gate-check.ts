import {
  formatLevel,
  formatLevelPoints,
  formatPercent,
  formatPercentRange,
  formatPoints,
  formatPointsRange,
} from '../shared/presentation/numbers.ts';

export type GateOutcome = 'pass' | 'fail' | 'undecided';

export type GateQuantity = 'rate' | 'difference';

export interface GateCheck {
  /** NFR, NFR beyond floor, drop, excess, or a kind of change. */
  name: string;
  /** What value, bounds and limit are: a rate is shown in per cent, a difference of rates in percentage points. */
  quantity: GateQuantity;
  outcome: GateOutcome;
  value: number | null;
  low: number;
  high: number;
  limit: number;
  reason: string;
}
const relation: Record<GateOutcome, string> = {
  pass: 'which lies within',
  fail: 'which lies beyond',
  undecided: 'which reaches over',
};

type Judged = Pick<GateCheck, 'quantity' | 'value' | 'low' | 'high' | 'limit'>;

/** The figures of a check in their unit, the same in its sentence and in every table. */
export function checkFigures({
  quantity,
  value,
  low,
  high,
  limit,
}: Judged): Record<'value' | 'interval' | 'limit', string> {
  return quantity === 'rate'
    ? { value: formatPercent(value), interval: formatPercentRange({ low, high }), limit: formatLevel(limit) }
    : { value: formatPoints(value), interval: formatPointsRange({ low, high }), limit: formatLevelPoints(limit) };
}

/** “9.8 %, interval 7.3 to 13.1 %, which lies beyond the limit of 5 %.” */
export function judgedText(judged: Judged, outcome: GateOutcome): string {
  const { value, interval, limit } = checkFigures(judged);
  return `${value}, interval ${interval}, ${relation[outcome]} the limit of ${limit}.`;
}
