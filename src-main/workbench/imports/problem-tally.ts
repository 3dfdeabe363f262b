import type { ImportRecord } from '../../shared/domain/entities.ts';

const keptLines = 5;

/** Why records did not fit: how often each reason came up, and on which lines first. */
export class ProblemTally {
  readonly #byReason = new Map<string, { count: number; firstLines: number[]; message?: string }>();
  total = 0;

  /** `message`: what is wrong with the first of them. */
  add(reason: string, line: number, message?: string): void {
    const entry = this.#byReason.get(reason) ?? {
      count: 0,
      firstLines: [],
      ...(message === undefined ? {} : { message }),
    };
    entry.count += 1;
    if (entry.firstLines.length < keptLines) entry.firstLines.push(line);
    this.#byReason.set(reason, entry);
    this.total += 1;
  }

  list(): ImportRecord['problems'] {
    return [...this.#byReason].map(([reason, entry]) => ({ reason, ...entry }));
  }
}
