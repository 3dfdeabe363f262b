import type { ImportRecord } from '../../shared/domain/entities.ts';

const keptLines = 5;

/** Why records did not fit: how often each reason came up, and on which lines first. */
export class ProblemTally {
  readonly #byReason = new Map<string, { count: number; firstLines: number[] }>();
  total = 0;

  add(reason: string, line: number): void {
    const entry = this.#byReason.get(reason) ?? { count: 0, firstLines: [] };
    entry.count += 1;
    if (entry.firstLines.length < keptLines) entry.firstLines.push(line);
    this.#byReason.set(reason, entry);
    this.total += 1;
  }

  list(): ImportRecord['problems'] {
    return [...this.#byReason].map(([reason, entry]) => ({ reason, ...entry }));
  }
}
