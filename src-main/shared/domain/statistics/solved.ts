/** How often one sample was answered with a verdict, and how many of these answers were right. */
export interface Solved {
  attempts: number;
  right: number;
}

/**
 * The chance that at least one of `k` answers is right, without bias from `attempts` ≥ k answers:
 * 1 − C(n−c, k)/C(n, k) (Chen et al. 2021, arXiv 2107.03374, eq. 1). Null with fewer than k answers.
 */
export function passAtK({ attempts, right }: Solved, k: number): number | null {
  const none = allOfK(attempts, attempts - right, k);
  return none === null ? null : 1 - none;
}

/**
 * The chance that all of `k` answers are right, without bias: C(c, k)/C(n, k) (pass^k of Yao et al. 2024, arXiv 2406.12045).
 * Null with fewer than k answers.
 */
export function passAllK({ attempts, right }: Solved, k: number): number | null {
  return allOfK(attempts, right, k);
}

function allOfK(attempts: number, hits: number, k: number): number | null {
  if (k < 1 || attempts < k) return null;
  let share = 1;
  for (let i = 0; i < k; i += 1) share *= Math.max(0, hits - i) / (attempts - i);
  return share;
}

/**
 * The chance that one answer is right and another, independent one of the same model is wrong, without bias:
 * c(n−c)/(n(n−1)). It is how often sampling alone makes this sample a negative flip. Null for a single answer.
 */
export function flipsByItself({ attempts, right }: Solved): number | null {
  return attempts < 2 ? null : (right * (attempts - right)) / (attempts * (attempts - 1));
}

/** What a test of k answers against k says of one sample, and what it would say if nothing had changed. */
export interface SolvedTest {
  /** Fisher's exact test, two-sided. */
  p: number;
  /** Chance of p ≤ alpha with the new side worse, or better, given how many of all answers were right. */
  worse: number;
  better: number;
}

/** Two-sided tests add up outcomes no likelier than the one seen; equal ones may differ in their last digits (as in SciPy). */
const sameWithin = 1 + 1e-7;

/**
 * Fisher's exact test of the two success probabilities of one sample. Under no change the right answers of both sides are
 * exchangeable, so that their split is hypergeometric, whatever the probability is.
 */
export function testSolved(left: Solved, right: Solved, alpha: number): SolvedTest {
  const all = left.attempts + right.attempts;
  const hits = left.right + right.right;
  const least = Math.max(0, hits - right.attempts);
  const most = Math.min(hits, left.attempts);
  const chances = splits(all, hits, left.attempts, least, most);
  const pOf = (chance: number) =>
    Math.min(
      1,
      chances.reduce((sum, other) => sum + (other <= chance * sameWithin ? other : 0), 0),
    );
  const result: SolvedTest = { p: pOf(chances[left.right - least] ?? 1), worse: 0, better: 0 };
  chances.forEach((chance, i) => {
    if (pOf(chance) > alpha) return;
    const old = (least + i) / left.attempts;
    const now = (hits - least - i) / right.attempts;
    if (now < old) result.worse += chance;
    else if (now > old) result.better += chance;
  });
  return result;
}

/** Hypergeometric chances of `least` … `most` right answers on the old side, summed outwards from the likeliest, whose weight is 1. */
function splits(all: number, hits: number, attempts: number, least: number, most: number): number[] {
  const weights = new Array<number>(most - least + 1).fill(0);
  const likeliest = Math.min(most, Math.max(least, Math.floor(((hits + 1) * (attempts + 1)) / (all + 2))));
  const ratio = (old: number) => ((hits - old) * (attempts - old)) / ((old + 1) * (all - hits - attempts + old + 1));
  weights[likeliest - least] = 1;
  for (let old = likeliest; old < most; old += 1) weights[old + 1 - least] = weights[old - least]! * ratio(old);
  for (let old = likeliest - 1; old >= least; old -= 1) weights[old - least] = weights[old + 1 - least]! / ratio(old);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** At which a sample's own test says that its success probability changed. */
export const ownTestLevel = 0.05;

/**
 * Whether the answers of a changed sample bear its flip out: all of them do, or its own test says so at `ownTestLevel`. Null
 * where neither side was answered several times.
 */
export function flipStands(old: Solved, now: Solved): boolean | null {
  if (old.attempts < 2 && now.attempts < 2) return null;
  if (isUnanimous(old) && isUnanimous(now)) return true;
  return testSolved(old, now, ownTestLevel).p <= ownTestLevel;
}

export function isUnanimous({ attempts, right }: Solved): boolean {
  return right === 0 || right === attempts;
}
