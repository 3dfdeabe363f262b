import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Verdict } from '../../shared/domain/evaluations.ts';
import type { MergePart, MergeSearch, MergeTrial } from '../../shared/domain/merging.ts';
import type { Measured } from './measure.ts';

export interface SearchOutcome {
  trials: MergeTrial[];
  /** Place in `trials`. */
  best: number;
}

/**
 * Coordinate descent: each part in turn gets the fraction of the list that does best with the others as they are, until a round changes
 * nothing. With a reward, the best have the fewest negative flips among those whose reward is no less than at the start; without one,
 * the most right answers. A setting is measured once.
 */
export async function searchFractions(
  { fractions, rounds, reward: rewardSuite }: Pick<MergeSearch, 'fractions' | 'rounds' | 'reward'>,
  start: readonly MergePart[],
  before: ReadonlyMap<string, Verdict>,
  measure: (parts: MergePart[], done: number) => Promise<Measured>,
): Promise<SearchOutcome> {
  const trials: MergeTrial[] = [];

  async function at(parts: MergePart[]): Promise<number> {
    const known = trials.findIndex((trial) => trial.parts.every(({ fraction }, i) => fraction === parts[i]?.fraction));
    if (known >= 0) return known;
    const found = await measure(parts, trials.length);
    return trials.push({ parts, ...flipsOf(before, found.verdicts), reward: found.reward }) - 1;
  }

  let best = await at([...start]);
  const least = trials[best]?.reward ?? null;
  if (rewardSuite !== undefined && least === null) {
    throw new WorkbenchError('bad-input', `Suite “${rewardSuite}” gives no scores to search by.`, {
      remedy: 'Choose a suite of the kind generate with a scorer, or leave `search.reward` out.',
      place: { field: 'search.reward' },
    });
  }
  for (let round = 0; round < rounds; round++) {
    const earlier = best;
    for (const part of start.keys()) {
      for (const fraction of fractions) {
        const parts = trialAt(trials, best).parts.map((one, i) => (i === part ? { ...one, fraction } : one));
        const other = await at(parts);
        if (isBetter(trialAt(trials, other), trialAt(trials, best), least)) best = other;
      }
    }
    if (best === earlier) break;
  }
  return { trials, best };
}

function trialAt(trials: readonly MergeTrial[], i: number): MergeTrial {
  const trial = trials[i];
  if (trial === undefined) throw new Error(`no trial ${i}`);
  return trial;
}

function isBetter(one: MergeTrial, than: MergeTrial, leastReward: number | null): boolean {
  if (leastReward === null) {
    return one.right === than.right ? one.negative < than.negative : one.right > than.right;
  }
  if ((one.reward ?? -Infinity) < leastReward) return false;
  if (one.negative !== than.negative) return one.negative < than.negative;
  return (one.reward ?? -Infinity) > (than.reward ?? -Infinity);
}

function flipsOf(before: ReadonlyMap<string, Verdict>, after: ReadonlyMap<string, Verdict>) {
  let [right, negative, positive, n] = [0, 0, 0, 0];
  for (const [id, now] of after) {
    const then = before.get(id);
    if (then === undefined) continue;
    n++;
    if (now === 'right') right++;
    if (then === 'right' && now === 'wrong') negative++;
    if (then === 'wrong' && now === 'right') positive++;
  }
  return { right, negative, positive, n };
}
