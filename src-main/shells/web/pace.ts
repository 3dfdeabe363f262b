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
