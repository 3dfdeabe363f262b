/** Index of the largest; the first where several are. Null counts as the least. */
export function likeliest(logProbs: readonly (number | null)[]): number {
  return logProbs.reduce<number>(
    (best, value, index) => ((value ?? -Infinity) > (logProbs[best] ?? -Infinity) ? index : best),
    0,
  );
}

/** Probability of one option among all: the softmax of their log-probabilities (nats); null where one is not known. */
export function confidenceOf(logProbs: readonly (number | null)[], option: number): number | null {
  const most = logProbs[option] ?? null;
  if (most === null || logProbs.some((value) => value === null)) return null;
  return 1 / logProbs.reduce<number>((sum, value) => sum + Math.exp((value ?? -Infinity) - most), 0);
}
