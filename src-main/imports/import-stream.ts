import { WorkbenchError } from '../shared/domain/errors.ts';
import { type Measure, unknownMeasure } from '../shared/domain/measures.ts';
import { contentId } from '../content-hash.ts';
import type { Mapping } from './field-map.ts';
import { IdLedger } from './id-ledger.ts';
import { Misfit, strictError } from './problems.ts';
import type { RawRecord } from './records/record.ts';
import { tidyTexts } from './row-checks.ts';
import type { ReadSession } from './session.ts';
import type { ImportEntry, ImportMetadata, ImportOptions, Place } from './types.ts';
import { isInfinite } from './values.ts';

/** A row, and the id the source gives it. Without one, an id is made of `identity`, or else of what the plan takes for it. */
export interface MappedRow<Row> {
  row: Row;
  id: string | null;
  identity?: readonly (string | undefined)[];
  /** Which attempt at the sample this is, counted from 1, where the source asks several times: its id may then come again. */
  attempt?: number;
}

/** What a format makes of a record. */
export type Mapped<Row> =
  | MappedRow<Row>
  /** Left out on purpose, not at fault (the rows of a filter that was not selected). */
  | { leftOut: string };

/** What a format says of its source, once read. */
export type Description = Pick<
  ImportMetadata,
  'tool' | 'tasks' | 'models' | 'decoding' | 'verdictFrom' | 'scoreMeaning' | 'variant' | 'variants'
> & { notes: string[]; measure: Partial<Measure> };

/** A source opened by a format. */
export interface ImportPlan<Row> {
  purpose: ImportMetadata['purpose'];
  format: ImportMetadata['format'];
  /** Bytes on disk, for progress. */
  totalBytes: number;
  records: (session: ReadSession) => AsyncIterable<RawRecord[]>;
  /** @throws Misfit when the record does not fit. */
  mapRecord: (value: unknown, place: Place) => Mapped<Row>;
  /** The texts that tell two samples apart when the source gives no id. */
  identity: (row: Row) => readonly (string | undefined)[];
  withId: (row: Row, id: string) => void;
  mapping: Mapping | null;
  describe: () => Partial<Description>;
}

/**
 * Rows of a source as they are read: iterate it once, entry by entry or in `batches`. A record that does not fit becomes a
 * problem entry and the next one is read; only a source that is unreadable as a whole, a cancelled signal, or a problem
 * under `strict`, ends the reading with a `WorkbenchError`.
 */
export class ImportStream<Row extends object> implements AsyncIterable<ImportEntry<Row>> {
  readonly #plan: ImportPlan<Row>;
  readonly #options: ImportOptions;
  readonly #session: ReadSession;
  readonly #ids = new IdLedger();
  readonly #repeats = new Map<string, number>();
  #rows = 0;
  #problems = 0;
  #withoutId = 0;
  #started = false;
  #complete = false;

  constructor(plan: ImportPlan<Row>, options: ImportOptions, session: ReadSession) {
    this.#plan = plan;
    this.#options = options;
    this.#session = session;
    session.totalBytes = plan.totalBytes;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ImportEntry<Row>> {
    for await (const batch of this.batches()) yield* batch;
  }

  /** The entries in the batches they were read in (about 128 KiB of source each; some are empty). */
  async *batches(): AsyncGenerator<ImportEntry<Row>[]> {
    if (this.#started) throw new WorkbenchError('conflict', 'An import can be read once; open it again.');
    this.#started = true;
    for await (const records of this.#plan.records(this.#session)) {
      this.#session.checkCancelled();
      const entries = records.flatMap((record) => this.#entry(record) ?? []);
      this.#reportProgress();
      yield entries;
    }
    this.#plan.mapping?.verify(this.#session.files[0]?.name ?? 'the source');
    this.#checkVariant();
    this.#complete = true;
  }

  /** Provenance and counts. Complete (`complete: true`) only after the last entry; before that, what is known so far. */
  metadata(): ImportMetadata {
    const said = this.#plan.describe();
    const notes = [...this.#session.notes(), ...(said.notes ?? [])];
    return {
      purpose: this.#plan.purpose,
      format: this.#plan.format,
      files: this.#session.files.map((file) => ({ ...file })),
      tool: said.tool ?? null,
      tasks: said.tasks ?? [],
      models: said.models ?? [],
      decoding: said.decoding ?? null,
      ids: this.#withoutId > 0 ? 'content' : 'source',
      verdictFrom: said.verdictFrom ?? null,
      scoreMeaning: said.scoreMeaning ?? null,
      variant: said.variant ?? null,
      variants: said.variants ?? [],
      rows: this.#rows,
      problems: this.#problems,
      notes,
      measure: {
        ...unknownMeasure,
        tool: said.tool?.name ?? null,
        toolVersion: said.tool?.version ?? null,
        decoding: said.decoding ?? null,
        variant: said.variant ?? null,
        variants: said.variants ?? [],
        notes,
        ...said.measure,
      },
      complete: this.#complete,
    };
  }

  #entry(record: RawRecord): ImportEntry<Row> | null {
    const { file, line } = record;
    try {
      if ('problem' in record) throw new Misfit(record.problem.reason, record.problem.message, record.problem.field);
      this.#plan.mapping?.remember(record.value);
      const mapped = this.#plan.mapRecord(record.value, { file, line });
      if ('leftOut' in mapped) {
        this.#session.note(mapped.leftOut);
        return null;
      }
      if (isInfinite(this.#plan.mapping?.value(record.value, 'score'))) this.#session.noteInfinite();
      tidyTexts(mapped.row, this.#session.limits, (what) => this.#session.note(textNotes[what]));
      this.#plan.withId(mapped.row, this.#identify(mapped));
      this.#rows += 1;
      return { file, line, row: mapped.row };
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      this.#problems += 1;
      if (this.#options.strict === true) throw strictError({ file, line }, error.problem);
      return { file, line, problem: error.problem };
    }
  }

  /** The source's id if it is new; without one, an id made of content, numbered when the content comes again. */
  #identify({ row, id, identity, attempt = 1 }: MappedRow<Row>): string {
    if (id !== null) {
      if (this.#ids.add(attempt === 1 ? id : `${id}\u0000${attempt}`)) return id;
      throw new Misfit('duplicate-id', `The id “${id}” was given before.`, 'id');
    }
    this.#withoutId += 1;
    const base = contentId(identity ?? this.#plan.identity(row));
    if (attempt > 1) return base;
    if (this.#ids.add(base)) return base;
    const count = (this.#repeats.get(base) ?? 1) + 1;
    this.#repeats.set(base, count);
    return `${base}#${count}`;
  }

  /** A variant that was asked for and never met is a mistake of the caller, not an empty import. */
  #checkVariant(): void {
    const wanted = this.#options.variant;
    if (this.#options.variantMayLack === true) return;
    const seen = this.#plan.describe().variants ?? [];
    if (wanted === undefined || seen.includes(wanted)) return;
    if (wanted.includes('/') && wanted.split('/').every((part) => seen.includes(part))) return;
    const remedy =
      seen.length === 0 ? 'This format has no variants; leave the choice out.' : `There is: ${seen.join(', ')}.`;
    throw new WorkbenchError('not-found', `The source has no variant “${wanted}”.`, { remedy });
  }

  #reportProgress(): void {
    const { bytesRead, totalBytes } = this.#session;
    this.#options.onProgress?.({ bytesRead, totalBytes, rows: this.#rows, problems: this.#problems });
  }
}

const textNotes = {
  nul: 'NUL characters were replaced by ␀ in {n} texts.',
  surrogate: 'Unpaired surrogates were replaced by U+FFFD in {n} texts.',
};
