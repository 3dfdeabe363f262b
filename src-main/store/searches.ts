import { WorkbenchError } from '../shared/domain/errors.ts';
import { keepNewest } from './views/newest.ts';

interface Search<T> {
  readonly found: Promise<T>;
  readonly abort: AbortController;
  /** Places in windows that wait for it. A caller without a place waits until it ends. */
  readonly askers: Set<string | symbol>;
}

/** What a place can look for, one of each sort at a time: a newer wish replaces the one before. */
export type Sought = 'texts' | 'slices' | 'rows';

/** Places that are remembered: many times what people have open. */
const mostPlaces = 1000;

/**
 * Searches next to the reader, shared by all who ask for the same thing at the same time. A place in a window (its list of flips, its
 * list of rows) looks for one thing of a sort at a time: when the person types on or leaves, a search that no one else awaits is ended.
 */
export class Searches {
  // The value of a key always has the same type: that of the `work` that started it.
  readonly #open = new Map<string, Search<unknown>>();
  /** What each place wants now; null = nothing any more. */
  readonly #wishes = new Map<string, Map<Sought, string | null>>();

  /** Sets what a place wants of a sort, or nothing (null); what it wanted before is ended unless another place waits for it. */
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
   * Finds what a place wished for. Rejects with `cancelled` if that was ended or is no longer wanted there. `key` covers everything the
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
    // Asking for it again starts it again.
    this.#open.delete(key);
    search.abort.abort();
  }
}

export function searchEnded(): WorkbenchError {
  return new WorkbenchError('cancelled', 'The search was ended.', { remedy: 'Search again.' });
}
