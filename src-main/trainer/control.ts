import type { TrainControl } from '../engine/train-loop.ts';
import { WorkbenchError } from '../shared/domain/errors.ts';

/** What the host has asked for so far. */
export class JobControl implements TrainControl {
  #stopping = false;
  readonly #abort = new AbortController();
  #paused = false;
  #guardWeight: number | undefined;
  #wake: () => void = () => {};

  stop(): void {
    this.#stopping = true;
    this.#abort.abort();
    this.#wake();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#wake();
  }

  setGuardWeight(weight: number): void {
    this.#guardWeight = weight;
  }

  /** Aborted with the wish to stop: for what waits outside this process. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  stopping(): boolean {
    return this.#stopping;
  }

  paused(): boolean {
    return this.#paused;
  }

  async untilResumed(): Promise<void> {
    while (this.#paused && !this.#stopping) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  takeGuardWeight(): number | undefined {
    const weight = this.#guardWeight;
    this.#guardWeight = undefined;
    return weight;
  }

  /** For work outside the training loop: ends it at the next opportunity. */
  throwIfStopping(): void {
    if (this.#stopping) throw new WorkbenchError('cancelled', 'Stopped.');
  }
}
