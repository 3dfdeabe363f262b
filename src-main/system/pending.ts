/**
 * Owner of promises that nobody awaits where they begin: a failure is handed on, never lost, and whoever ends the owner's work
 * waits for all of them.
 */
export class Pending {
  readonly #promises = new Set<Promise<void>>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  add(work: Promise<unknown>): void {
    const handled = work.then(
      () => undefined,
      (error: unknown) => this.#onError(error),
    );
    const kept = handled.finally(() => this.#promises.delete(kept));
    this.#promises.add(kept);
  }

  /** Resolves when all that was added has ended, what was added meanwhile included. */
  async settled(): Promise<void> {
    while (this.#promises.size > 0) await Promise.all(this.#promises);
  }
}
