import { assertNever } from '../../shared/domain/errors.ts';
import type { FlipFilter } from '../../shared/domain/flip-view.ts';
import type { ReadableDb } from '../database.ts';
import { each, sql } from '../database.ts';
import { firstKey } from '../keys.ts';
import type { LoadedComparison } from './comparison.ts';
import { searchRows } from './search.ts';
import { statementRows } from './stated-texts.ts';

/** What is read: a search of all texts, or a statement on prompts or targets. */
type Mode = NonNullable<FlipFilter['searchMode']> | 'statement';

/** Searches kept per comparison: the list, the facets and the counts of a filter use the same one. */
const keptSearches = 12;
/** Texts, and bytes of texts, up to which the reader searches them itself. */
const fewTexts = 4000;
const littleText = 300_000;

/** Where the texts of one comparison have what was searched for: one byte per row. A finished build does not change. */
export class SearchResults {
  readonly #comparison: LoadedComparison;
  readonly #found = new Map<string, Uint8Array>();
  #isLong: boolean | null = null;

  constructor(comparison: LoadedComparison) {
    this.#comparison = comparison;
  }

  rows(search: string, mode: Mode): Uint8Array {
    const known = this.#found.get(nameOf(search, mode));
    if (known !== undefined) return known;
    const found = foundRows(this.#comparison, search, mode);
    this.take(search, mode, found);
    return found;
  }

  /** Takes what another thread found. */
  take(search: string, mode: Mode, found: Uint8Array): void {
    const name = nameOf(search, mode);
    this.#found.delete(name);
    this.#found.set(name, found);
    for (const oldest of this.#found.keys()) {
      if (this.#found.size <= keptSearches) break;
      this.#found.delete(oldest);
    }
  }

  /** Whether this search would hold up this thread's other callers. */
  needs(search: string, mode: Mode): boolean {
    if (search.trim() === '' || this.#found.has(nameOf(search, mode))) return false;
    return (this.#isLong ??= hasMuchText(this.#comparison));
  }
}

function foundRows(comparison: LoadedComparison, search: string, mode: Mode): Uint8Array {
  switch (mode) {
    case 'substring':
    case 'word':
      return searchRows(comparison, search, mode);
    case 'statement':
      return statementRows(comparison, search);
    default:
      return assertNever(mode);
  }
}

function nameOf(search: string, mode: Mode): string {
  return `${mode} ${search}`;
}

function hasMuchText({ db, rows, columns, leftKey, rightKey }: LoadedComparison): boolean {
  if (rows * 3 > fewTexts) return true;
  const keys = columns.get('leftKey');
  let [texts, bytes] = [0, 0];
  for (const size of sizesOf(db, [leftKey, rightKey], keys[0] ?? 0, keys.at(-1) ?? -1)) {
    texts++;
    bytes += size;
    if (texts > fewTexts || bytes > littleText) return true;
  }
  return false;
}

/** Sizes of texts come from their row headers: the texts themselves are not read. */
function* sizesOf(db: ReadableDb, evaluations: number[], fromSample: number, toSample: number): Generator<number> {
  const prompts = sql`SELECT octet_length(prompt) AS size FROM sample_texts WHERE sample_key BETWEEN ${fromSample} AND ${toSample}`;
  const outputs = evaluations.map(
    (key) =>
      sql`SELECT octet_length(body) AS size FROM outputs WHERE score_key >= ${firstKey(key)} AND score_key < ${firstKey(key + 1)}`,
  );
  for (const query of [prompts, ...outputs]) for (const { size } of each<{ size: number }>(db, query)) yield size;
}
