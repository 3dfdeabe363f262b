import { shallowRef } from 'vue';

export type FetchRows<Row> = (offset: number, limit: number) => Promise<Row[]>;

interface Options {
  pageSize?: number;
  /** Pages held at most; the ones longest out of sight go first. */
  keep?: number;
  onError?: (error: unknown) => void;
}

/**
 * The rows of a long list, fetched in pages as they come into sight. `want` names the rows in sight; pages asked for
 * earlier that nobody looks at any more are not fetched, so that dragging the scroll bar over a million rows costs a few
 * requests and not thousands. Reading `at` or `version` inside a render makes it follow what arrives.
 */
export class PagedRows<Row> {
  readonly total: number;
  readonly version = shallowRef(0);
  private readonly fetchRows: FetchRows<Row>;
  private readonly pageSize: number;
  private readonly keep: number;
  private readonly onError: (error: unknown) => void;
  /** In the order of last use, oldest first. */
  private readonly pages = new Map<number, Row[]>();
  private readonly underWay = new Set<number>();
  private wanted: number[] = [];
  private closed = false;

  constructor(total: number, fetchRows: FetchRows<Row>, options: Options = {}) {
    this.total = total;
    this.fetchRows = fetchRows;
    this.pageSize = options.pageSize ?? 200;
    this.keep = options.keep ?? 40;
    this.onError = options.onError ?? (() => undefined);
  }

  /** The row at a position, or undefined while it is not here. */
  at(index: number): Row | undefined {
    void this.version.value;
    return this.pages.get(Math.floor(index / this.pageSize))?.[index % this.pageSize];
  }

  /** Rows from `first` up to and including `last` are in sight. */
  want(first: number, last: number): void {
    if (this.total === 0) return;
    const from = Math.floor(Math.max(0, first) / this.pageSize);
    const to = Math.floor(Math.min(this.total - 1, Math.max(first, last)) / this.pageSize);
    const pages = [];
    for (let page = from; page <= to; page++) pages.push(page);
    // The neighbours come last: scrolling on or back finds them there.
    this.wanted = [...pages, to + 1, from - 1].filter((page) => page >= 0 && page * this.pageSize < this.total);
    for (const page of pages) this.touch(page);
    this.pump();
  }

  /** The row at a position, waiting for it when needed. */
  async load(index: number): Promise<Row | undefined> {
    if (index < 0 || index >= this.total) return undefined;
    const page = Math.floor(index / this.pageSize);
    if (!this.pages.has(page)) await this.fetchPage(page);
    return this.at(index);
  }

  /** Changes rows that are here, such as after a label was set. */
  patch(change: (row: Row) => Row): void {
    for (const [page, rows] of this.pages) this.pages.set(page, rows.map(change));
    this.version.value += 1;
  }

  /** Forgets what is here and fetches what is in sight again. */
  invalidate(): void {
    this.pages.clear();
    this.version.value += 1;
    this.pump();
  }

  close(): void {
    this.closed = true;
    this.wanted = [];
  }

  private pump(): void {
    for (const page of this.wanted) {
      if (this.underWay.size >= 2 || this.closed) return;
      if (this.pages.has(page) || this.underWay.has(page)) continue;
      this.fetchPage(page).then(() => this.pump(), this.onError);
    }
  }

  private async fetchPage(page: number): Promise<void> {
    this.underWay.add(page);
    try {
      const rows = await this.fetchRows(page * this.pageSize, this.pageSize);
      if (this.closed) return;
      this.pages.set(page, rows);
      this.dropOldest();
      this.version.value += 1;
    } catch (error) {
      this.wanted = this.wanted.filter((other) => other !== page);
      if (!this.closed) this.onError(error);
    } finally {
      this.underWay.delete(page);
    }
  }

  private touch(page: number): void {
    const rows = this.pages.get(page);
    if (rows === undefined) return;
    this.pages.delete(page);
    this.pages.set(page, rows);
  }

  private dropOldest(): void {
    for (const page of this.pages.keys()) {
      if (this.pages.size <= this.keep) return;
      this.pages.delete(page);
    }
  }
}
