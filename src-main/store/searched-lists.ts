import type { RowFilter, RowSort, RowViewHandle } from '../shared/domain/data/row-view.ts';
import type { FlipFilter } from '../shared/domain/flip-view.ts';
import { longRead, longSearch } from './long-reads.ts';
import { indexedFrom } from './queries/row-index.ts';
import type { ReaderMethods } from './reader.ts';
import { Searches } from './searches.ts';
import type { Sought } from './searches.ts';
import type { SideReaders } from './side-readers.ts';
import type { Lacking } from './views/flip-views.ts';
import type { WorkerClient } from './worker-client.ts';

/** Lists that may need a search: it runs in threads next to the reader, for as long as somebody waits. */
export class SearchedLists {
  readonly #reader: WorkerClient<ReaderMethods>;
  readonly #aside: SideReaders;
  readonly #searches = new Searches();

  constructor(reader: WorkerClient<ReaderMethods>, aside: SideReaders) {
    this.#reader = reader;
    this.#aside = aside;
  }

  /** Ends the searches that a place still waits for. */
  leave(place: string): void {
    this.#searches.leave(place);
  }

  /** Finds what takes long (a search, the rows of some slices among a million) next to the reader, which is then given the results. */
  async prepare(id: string, filter: FlipFilter, wish: { place?: string; slices?: boolean } = {}): Promise<void> {
    const { search, searchMode, slices, where } = filter;
    const { place } = wish;
    const isPlain = search === undefined && slices === undefined && where === undefined;
    const texts = isPlain ? null : JSON.stringify([id, search, searchMode, slices, where]);
    const slicesKey = `slices ${id}`;
    if (place !== undefined) this.#searches.wish(place, 'texts', texts);
    if (place !== undefined && wish.slices === true) this.#searches.wish(place, 'slices', slicesKey);
    if (texts === null && wish.slices !== true) return;
    const lacking = await this.#reader.call('lacks', id, filter);
    const find = (sought: Sought, key: string, part: Partial<Lacking>): Promise<void> =>
      this.#searches.find({ key, sought, place }, async (signal) => {
        const limit = sought === 'texts' ? longSearch : longRead;
        const found = await this.#aside.read((thread) => thread.call('find', id, filter, part), limit, signal);
        await this.#reader.call('take', id, filter, found);
      });
    await Promise.all([
      texts !== null && (lacking.searches.length > 0 || lacking.within)
        ? find('texts', texts, { searches: lacking.searches, within: lacking.within })
        : null,
      wish.slices === true && lacking.slices ? find('slices', slicesKey, { slices: true }) : null,
    ]);
  }

  /** A list of many rows is also built next to the reader. */
  async openRows(id: string, filter: RowFilter, sort: RowSort, place?: string): Promise<RowViewHandle> {
    const key = JSON.stringify(['rows', id, filter, sort]);
    if (place !== undefined) this.#searches.wish(place, 'rows', key);
    const many = await this.#reader.call('rowsNeedThread', id, filter, sort);
    if (!many) {
      const handle = await this.#reader.call('openDatasetView', id, filter, sort);
      // A person who looks at many rows is likely to search them next.
      if (handle.total >= indexedFrom) this.#aside.warm();
      return handle;
    }
    const order = await this.#searches.find({ key, sought: 'rows', place }, (signal) =>
      this.#aside.read((thread) => thread.call('orderedRows', id, filter, sort), longSearch, signal),
    );
    return this.#reader.call('adoptRows', id, order);
  }
}
