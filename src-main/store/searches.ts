import { WorkbenchError } from '../shared/domain/errors.ts';
import { keepNewest } from './views/newest.ts';

interface Search<T> {
  readonly found: Promise<T>;
  readonly abort: AbortController;
  /** Places of windows that wait for it. Whoever asks without a place waits to its end. */
  readonly askers: Set<string | symbol>;
}

/** Of a place, what it looks for at a time: a newer wish of the same sort replaces the one before. */
export type Sought = 'texts' | 'slices' | 'rows';

/** Places that are remembered: many times what people have open. */
const mostPlaces = 1000;

/**
 * What is looked for next to the reader, once for all who ask the same at the same time. A place of a window (its list of flips, its
 * list of rows) looks for one thing of a sort at a time: when the person types on or leaves, what nobody else waits for is ended.
 */
export class Searches {
  // The value of a key is always of the same type: that of the `work` it was begun with.
  readonly #open = new Map<string, Search<unknown>>();
  /** By place what it wants now; null = no longer anything. */
  readonly #wishes = new Map<string, Map<Sought, string | null>>();

  /** From now on a place wants this of a sort, or nothing (null): what it wanted before is ended when nobody else waits for it. */
  wish(place: string, sought: Sought, key: string | null): void {
    const wishes = this.#wishes.get(place) ?? new Map<Sought, string | null>();
    const before = wishes.get(sought);
    wishes.set(sought, key);
    keepNewest(this.#wishes, place, wishes, mostPlaces);
    if (typeof before === 'string' && before !== key) this.#part(before, place);
  }

  /** A place wants nothing any more. */
  leave(place: string): void {
    for (const sought of this.#wishes.get(place)?.keys() ?? []) this.wish(place, sought, null);
  }

  /**
   * What a place wished for. Rejects with `cancelled` when that was ended, or is no longer what the place wants. `key` says all that the
   * value depends on.
   */
  async find<T>(
    { key, sought, place }: { key: string; sought: Sought; place?: string | undefined },
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const wanted = place === undefined ? undefined : this.#wishes.get(place)?.get(sought);
    if (wanted !== undefined && wanted !== key) throw searchEnded();
    const search = (this.#open.get(key) ?? this.#begin(key, work)) as Search<T>;
    search.askers.add(place ?? Symbol(key));
    return search.found;
  }

  #begin<T>(key: string, work: (signal: AbortSignal) => Promise<T>): Search<T> {
    const abort = new AbortController();
    const found = work(abort.signal).finally(() => {
      if (this.#open.get(key) === search) this.#open.delete(key);
    });
    const search: Search<T> = { found, abort, askers: new Set() };
    this.#open.set(key, search);
    return search;
  }

  #part(key: string, place: string): void {
    const search = this.#open.get(key);
    if (search === undefined || !search.askers.delete(place) || search.askers.size > 0) return;
    // Whoever asks for it again begins it again.
    this.#open.delete(key);
    search.abort.abort();
  }
}

export function searchEnded(): WorkbenchError {
  return new WorkbenchError('cancelled', 'The search was ended.', { remedy: 'Search again.' });
}
