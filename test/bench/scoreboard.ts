/** Timing, calibration and the table at the end of a bench. */

/** Time of `calibrate` on an idle core of the machine the budgets were set on (CPU time, median). */
const referenceMs = 26;

export async function timedMs(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

export function percentileMs(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

export async function medianMs(times: number, work: () => unknown): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < times; i++) taken.push(await timedMs(work));
  return percentileMs(taken, 0.5);
}

/** A fixed piece of work like the store's own: sorting numbers, hashing strings into a map. */
function calibrate(): number {
  const began = performance.now();
  const numbers = Float64Array.from({ length: 120_000 }, (_, i) => (i * 2654435761) % 1_000_003);
  numbers.sort();
  const words = new Map<string, number>();
  for (let i = 0; i < 25_000; i++) words.set(`word ${numbers[i]}`, i);
  return performance.now() - began;
}

/** How many times slower than the reference the machine is just now; 1 at least. */
function slowness(): number {
  const times = Array.from({ length: 5 }, calibrate);
  return Math.max(1, percentileMs(times, 0.5) / referenceMs);
}

export class Scoreboard {
  #failed = 0;

  note(what: string, value: string): void {
    console.log(`        ${what.padEnd(52)} ${value}`);
  }

  /** Median of some runs against a budget. */
  async measure(what: string, budgetMs: number, work: () => unknown, times = 1): Promise<void> {
    const factor = slowness();
    this.#judge(what, await medianMs(times, work), budgetMs, factor);
  }

  /** A percentile over many runs. */
  async judgeAll(
    what: string,
    budgetMs: number,
    share: number,
    times: number,
    work: (i: number) => unknown,
  ): Promise<void> {
    const factor = slowness();
    const taken: number[] = [];
    for (let i = 0; i < times; i++) taken.push(await timedMs(() => work(i)));
    this.#judge(what, percentileMs(taken, share), budgetMs, factor);
  }

  judge(what: string, tookMs: number, budgetMs: number): void {
    this.#judge(what, tookMs, budgetMs, slowness());
  }

  /** Exit status. */
  finish(): number {
    console.log(this.#failed === 0 ? 'all budgets kept' : `${this.#failed} budgets broken`);
    return this.#failed === 0 ? 0 : 1;
  }

  #judge(what: string, tookMs: number, budgetMs: number, factor: number): void {
    const kept = tookMs <= budgetMs * factor;
    if (!kept) this.#failed++;
    const slower = factor > 1.05 ? ` × ${factor.toFixed(1)}` : '';
    console.log(
      `${kept ? 'pass' : 'FAIL'}    ${what.padEnd(52)} ${tookMs.toFixed(1).padStart(9)} ms  (budget ${budgetMs} ms${slower})`,
    );
  }
}
