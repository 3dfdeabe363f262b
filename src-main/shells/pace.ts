import type { ErrorReport, Result } from '../shared/domain/errors.ts';

/**
 * How often somebody may ask: a full bucket at first, then a steady refill. What finds it empty is turned away at once, before
 * it waits behind anything.
 */
export class Pace {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #nowMs: () => number;
  #left: number;
  #asOfMs: number;

  constructor(burst: number, perSecond: number, nowMs: () => number = () => performance.now()) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#nowMs = nowMs;
    this.#left = burst;
    this.#asOfMs = nowMs();
  }

  /** Takes one, or says that there is none. */
  take(): boolean {
    const now = this.#nowMs();
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#asOfMs) / 1000) * this.#perSecond);
    this.#asOfMs = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}

/** What a window in full use asks, several times over. Beyond, it hears so at once and nothing queues. */
const requestBurst = 400;
const requestsPerSecond = 100;
/** Requests of one window that are not answered yet. */
const maxWaiting = 200;

const tooMany: ErrorReport = {
  code: 'unavailable',
  message: 'Too many requests at once.',
  remedy: 'Wait a moment, then try again.',
};

/** What one window may ask: more than a person makes is turned away before it waits behind anything. */
export class WindowPace {
  readonly #pace = new Pace(requestBurst, requestsPerSecond);
  #waiting = 0;

  async run(request: () => Promise<Result<unknown>>): Promise<Result<unknown>> {
    if (!this.#pace.take() || this.#waiting >= maxWaiting) return { ok: false, error: tooMany };
    this.#waiting += 1;
    try {
      return await request();
    } finally {
      this.#waiting -= 1;
    }
  }
}
