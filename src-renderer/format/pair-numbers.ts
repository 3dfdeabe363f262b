import type { SampleSide } from '@shared/domain/flip-view.ts';
import { formatFixed, formatSigned } from '@shared/presentation/numbers.ts';

export interface PairNumber {
  name: string;
  /** What the number means, for who points at the name. */
  meaning: string;
  old: string;
  new: string;
  /** New minus old; its sign says which way it went. */
  change: number | null;
  changeText: string;
  /** Whether more of it is better; null where neither way is. */
  better: 'higher' | 'lower' | null;
}

const places = 3;

/**
 * The numbers of a preference pair under both models: log-probs of the two responses and their margin; with a reference the implicit
 * rewards, whose margin is the score. What neither side has is left out: a report keeps margins alone.
 */
export function pairNumbers(left: SampleSide | null, right: SampleSide | null): PairNumber[] {
  const metric = (name: string) => (side: SampleSide | null) => side?.metrics[name] ?? null;
  const margin = (side: SampleSide | null) => {
    const [chosen, rejected] = [metric('logps/chosen')(side), metric('logps/rejected')(side)];
    return chosen === null || rejected === null ? null : chosen - rejected;
  };
  const rows: [string, string, PairNumber['better'], (side: SampleSide | null) => number | null][] = [
    ['Log-prob of the chosen', 'Summed over its tokens, in nats', 'higher', metric('logps/chosen')],
    ['Log-prob of the rejected', 'Summed over its tokens, in nats', null, metric('logps/rejected')],
    ['Margin of log-probs', 'Chosen minus rejected, in nats', 'higher', margin],
    ['Reward of the chosen', 'Implicit: β times what the reference does not give', 'higher', metric('rewards/chosen')],
    ['Reward of the rejected', 'Implicit: β times what the reference does not give', null, metric('rewards/rejected')],
    ['Margin (score)', 'What the verdict is of: above 0 the chosen is ahead', 'higher', (side) => side?.score ?? null],
  ];
  return rows.flatMap(([name, meaning, better, of]) => {
    const [old, now] = [of(left), of(right)];
    if (old === null && now === null) return [];
    const change = old === null || now === null ? null : now - old;
    const texts = {
      old: formatFixed(old, places),
      new: formatFixed(now, places),
      changeText: formatSigned(change, places),
    };
    return [{ name, meaning, better, change, ...texts }];
  });
}
