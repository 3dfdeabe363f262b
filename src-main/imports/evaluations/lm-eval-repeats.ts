const passMetric = /^pass(?:@|_at_)(\d+)$/;

/** A metric from which the number of right answers can follow. */
export function countsAnswers(metric: string): boolean {
  return passMetric.test(metric);
}

/**
 * How many of `attempts` answers were right, from what the harness computed of them: `pass@1` is the share itself, and any
 * `pass@k` = 1 − C(n−c, k)/C(n, k) (Chen et al., arXiv 2107.03374) rises with c, so that its value names c. Null where no
 * metric fits: with k > n, or with a value that no c gives.
 */
export function solvedOf(metrics: Readonly<Record<string, number>>, attempts: number): number | null {
  for (const [name, value] of Object.entries(metrics)) {
    const k = Number(passMetric.exec(name)?.[1] ?? Number.NaN);
    if (!(k >= 1 && k < attempts)) continue;
    for (let solved = 0; solved <= attempts; solved += 1) {
      const given = passAtK(attempts, solved, k);
      if (Math.abs(given - value) > 1e-9 * Math.max(1, Math.abs(value))) continue;
      // Beyond n − k right answers every draw has one, and the value is 1 for several counts.
      if (solved <= attempts - k || k === 1) return solved;
    }
  }
  return null;
}

function passAtK(n: number, c: number, k: number): number {
  if (n - c < k) return 1;
  let miss = 1;
  for (let i = n - c + 1; i <= n; i += 1) miss *= 1 - k / i;
  return 1 - miss;
}
