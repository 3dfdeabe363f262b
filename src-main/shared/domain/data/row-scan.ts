import type { DatasetKind, DatasetRow } from '../datasets.ts';
import { bitOf } from './findings.ts';
import type { Finding } from './findings.ts';
import { HashIndex, hashText } from './hash-index.ts';
import { NearIndex } from './near-index.ts';
import type { Overlap, OverlapIndex } from './overlap-index.ts';
import { PromptGroups } from './preferences.ts';
import { identityOf, rowTexts, trimmedTexts } from './row-texts.ts';
import type { RowTexts } from './row-texts.ts';
import { formOf, hasOddRoles, hasTemplateMarks, rowForms, scriptOf } from './templates.ts';
import { wordHashesOf } from './words.ts';

/** What a scan says of each row, by its place; lengths in characters of the prompt and of the responses alone. */
export interface RowColumns {
  flags: Int32Array;
  /** The earlier row that this one repeats, exactly or nearly; −1 for none. */
  like: Int32Array;
  prompt: Int32Array;
  first: Int32Array;
  second: Int32Array;
  /** Index into `tagSets`. */
  tags: Int32Array;
  /** Index into `scriptNames`. */
  script: Uint8Array;
}

export interface FoundOverlap extends Overlap {
  row: number;
}

export interface ScanResult {
  columns: RowColumns;
  counts: { repeatedPrompts: number; contradictions: number };
  /** Distinct lists of tags, as JSON arrays. */
  tagSets: string[];
  /** The first of them, with where they are. */
  overlaps: FoundOverlap[];
  /** By the number of the source. */
  overlapsBySource: Record<number, { rows: number; exact: number }>;
}

const listedOverlaps = 1000;
const preferred = hashText('\u0000preferred');

export interface ScanOptions {
  rows: number;
  kind: DatasetKind;
  nearThreshold: number;
  overlaps: OverlapIndex | null;
  /** Words of an earlier row, read again from wherever the rows are. */
  wordsOf: (row: number) => Int32Array;
}

/** Words by which rows are compared: of everything in them, side by side, so that a pair is not like the same pair turned round. */
export function wordsOfRow(row: DatasetRow, texts: RowTexts = rowTexts(row)): Int32Array {
  const { prompt, answers } = texts;
  // A completion that is called good is not like the same one called bad.
  return wordHashesOf(row.kind === 'unpaired' && row.label ? [prompt, '', ...answers] : [prompt, ...answers]);
}

/** Looks at rows one after another, in their order; what it keeps of each is a few hundred bytes. */
export class RowScan {
  readonly #options: ScanOptions;
  readonly #columns: RowColumns;
  readonly #forms: Uint8Array;
  readonly #exact: HashIndex;
  readonly #near: NearIndex;
  readonly #groups: PromptGroups;
  readonly #tagSets = new Map<string, number>();
  readonly #overlaps: FoundOverlap[] = [];
  readonly #bySource: Record<number, { rows: number; exact: number }> = {};
  #at = 0;

  constructor(options: ScanOptions) {
    const { rows } = options;
    this.#options = options;
    this.#columns = {
      flags: new Int32Array(rows),
      like: new Int32Array(rows).fill(-1),
      prompt: new Int32Array(rows),
      first: new Int32Array(rows),
      second: new Int32Array(rows),
      tags: new Int32Array(rows),
      script: new Uint8Array(rows),
    };
    this.#forms = new Uint8Array(rows);
    this.#exact = new HashIndex(rows);
    this.#near = new NearIndex(rows, options.nearThreshold, options.wordsOf);
    this.#groups = new PromptGroups(rows);
  }

  add(row: DatasetRow): void {
    const at = this.#at++;
    const texts = rowTexts(row);
    const [first = '', second = ''] = texts.answers;
    this.#columns.prompt[at] = texts.prompt.length;
    this.#columns.first[at] = first.length;
    this.#columns.second[at] = second.length;
    this.#columns.tags[at] = this.#tagSet(row.tags ?? []);
    this.#columns.script[at] = scriptOf(texts);
    this.#forms[at] = formOf(row);
    this.#lookForCopies(at, row, texts);
    const clean = trimmedTexts(texts);
    this.#lookAtSides(at, row, texts, clean);
    this.#group(at, row, clean);
    const overlap = this.#options.overlaps?.find(texts, clean) ?? null;
    if (overlap === null) return;
    this.#flag(at, 'overlap');
    const { rows, exact } = this.#bySource[overlap.source] ?? { rows: 0, exact: 0 };
    this.#bySource[overlap.source] = { rows: rows + 1, exact: exact + (overlap.exact ? 1 : 0) };
    if (this.#overlaps.length < listedOverlaps) this.#overlaps.push({ row: at, ...overlap });
  }

  finish(): ScanResult {
    const counts = this.#groups.forEach({
      repeated: (row) => this.#flag(row, 'repeated-prompt'),
      contradicted: (row) => this.#flag(row, 'contradiction'),
    });
    this.#flagMinorities();
    return {
      columns: this.#columns,
      counts,
      tagSets: [...this.#tagSets.keys()],
      overlaps: this.#overlaps,
      overlapsBySource: this.#bySource,
    };
  }

  #lookForCopies(at: number, row: DatasetRow, texts: RowTexts): void {
    const hash = hashText(identityOf(row));
    const same = this.#exact.get(hash);
    if (same !== undefined) {
      this.#columns.like[at] = same;
      this.#flag(at, 'duplicate');
      return;
    }
    this.#exact.set(hash, at);
    const found = this.#near.find(wordsOfRow(row, texts));
    // Rows that are like an earlier one are no measure for later ones: leaving them out then leaves no two that are alike.
    if (found === null) {
      this.#near.add(at);
      return;
    }
    this.#columns.like[at] = found.member;
    this.#flag(at, 'near-duplicate');
    if (found.similarity === 1) this.#flag(at, 'normalised-duplicate');
  }

  #lookAtSides(at: number, row: DatasetRow, texts: RowTexts, clean: RowTexts): void {
    // Language modelling has no prompt.
    const needsPrompt = row.kind !== 'completion';
    if ((needsPrompt && clean.prompt === '') || clean.answers.includes('')) this.#flag(at, 'empty-side');
    const [chosen = '', rejected = ''] = clean.answers;
    if (row.kind === 'preference' && chosen === rejected) this.#flag(at, 'identical-sides');
    if (hasOddRoles(row)) this.#flag(at, 'odd-roles');
    if (hasTemplateMarks(texts)) this.#flag(at, 'template-marks');
  }

  #group(at: number, row: DatasetRow, { prompt, answers }: RowTexts): void {
    const [first, second] = answers.map(hashText);
    const asked = hashText(prompt);
    if (row.kind === 'preference') this.#groups.add(at, asked, first ?? null, second ?? null);
    else if (row.kind === 'unpaired' && first !== undefined) {
      // Good is above a mark that is between good and bad, bad is below it.
      const [above, below] = row.label ? [first, preferred] : [preferred, first];
      this.#groups.add(at, asked, above, below);
    } else this.#groups.add(at, asked, null, null);
  }

  #flagMinorities(): void {
    const counts = [0, 0, 0];
    for (const form of this.#forms) counts[form] = (counts[form] ?? 0) + 1;
    const [plain = 0, chat = 0, withSystem = 0] = counts;
    const rareForm = plain === 0 || chat + withSystem === 0 ? null : plain <= chat + withSystem ? 'plain' : 'chat';
    const rareSystem =
      chat === 0 || withSystem === 0 ? -1 : withSystem <= chat ? rowForms.chatWithSystem : rowForms.chat;
    this.#forms.forEach((form, row) => {
      if (form === rareSystem) this.#flag(row, 'system-prompt');
      if (rareForm !== null && (form === rowForms.plain) === (rareForm === 'plain')) this.#flag(row, 'mixed-form');
    });
  }

  #tagSet(tags: readonly string[]): number {
    const key = JSON.stringify(tags);
    const known = this.#tagSets.get(key);
    if (known !== undefined) return known;
    this.#tagSets.set(key, this.#tagSets.size);
    return this.#tagSets.size - 1;
  }

  #flag(row: number, finding: Finding): void {
    this.#columns.flags[row] = (this.#columns.flags[row] ?? 0) | bitOf(finding);
  }
}
