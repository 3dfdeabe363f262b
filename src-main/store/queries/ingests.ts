import type { IngestOutcome, NewRecord } from '../api.ts';
import type { DatasetRow } from '../../shared/domain/datasets.ts';
import type { ImportRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SampleResult, SuiteItem } from '../../shared/domain/evaluations.ts';
import { newId } from '../keys.ts';
import { addImport, addToImport, findImport } from './imports.ts';
import type { ListName, Writer } from './marks.ts';
import { change } from './marks.ts';

/** What the three drafts have in common. */
interface Draft<Row> {
  readonly key: number;
  readonly id: string;
  readonly rows: number;
  add(rows: readonly Row[]): void;
  finish(importKey: number | null, outcome: IngestOutcome): void;
}

interface OpenIngest {
  kind: 'datasets' | 'suites' | 'evaluations';
  draft: Draft<never>;
  import: NewRecord<ImportRecord> | null;
  /** Set when a batch failed: the source can then only be abandoned. */
  failed: boolean;
}

type Discard = (kind: OpenIngest['kind'], key: number) => void;

/**
 * Sources being read. Each batch is one short transaction into rows that are not visible; the commit shows them all at once. So
 * training's writes go on between the batches of an import, and a killed import leaves nothing visible.
 */
export class Ingests {
  readonly #writer: Writer;
  readonly #discard: Discard;
  readonly #open = new Map<string, OpenIngest>();

  constructor(writer: Writer, discard: Discard) {
    this.#writer = writer;
    this.#discard = discard;
  }

  begin<Row>(
    kind: OpenIngest['kind'],
    provenance: NewRecord<ImportRecord> | null,
    makeDraft: () => Draft<Row>,
  ): { ingestId: string } {
    const draft = change(this.#writer, [], makeDraft);
    const ingestId = newId('ingest');
    this.#open.set(ingestId, { kind, draft: draft as Draft<never>, import: provenance, failed: false });
    return { ingestId };
  }

  push(ingestId: string, rows: readonly (DatasetRow | SuiteItem | SampleResult)[]): void {
    const ingest = this.#get(ingestId);
    try {
      // The client's types tie rows to their ingest; that is lost on the way between threads.
      change(this.#writer, [], () => ingest.draft.add(rows as readonly never[]));
    } catch (error) {
      ingest.failed = true;
      throw error;
    }
  }

  commit(ingestId: string, outcome: IngestOutcome = {}): string {
    const ingest = this.#get(ingestId);
    if (ingest.failed) {
      throw new WorkbenchError('conflict', 'A part of this source could not be stored, so it cannot be completed', {
        remedy: 'Abandon it and import the source again.',
      });
    }
    const { draft } = ingest;
    const lists: ListName[] = [ingest.kind];
    if (ingest.import !== null) lists.push('imports');
    // Results bring tags with them.
    if (ingest.kind === 'evaluations') lists.push('annotations');
    change(this.#writer, lists, () => {
      const importKey = ingest.import === null ? null : this.#addImport(ingest.import, draft.rows, outcome);
      draft.finish(importKey, outcome);
    });
    this.#open.delete(ingestId);
    return draft.id;
  }

  abandon(ingestId: string): void {
    const ingest = this.#open.get(ingestId);
    if (ingest === undefined) return;
    this.#open.delete(ingestId);
    this.#discard(ingest.kind, ingest.draft.key);
  }

  abandonAll(): void {
    for (const id of [...this.#open.keys()]) this.abandon(id);
  }

  #addImport(record: NewRecord<ImportRecord>, rows: number, outcome: IngestOutcome): number {
    const { db } = this.#writer;
    const whole = { ...record, accepted: rows, ...outcome.import };
    // Several things of one source are one import: the first to be complete writes it, the others add to it.
    const known = record.id === undefined ? undefined : findImport(db, record.id);
    return known === undefined ? addImport(db, whole, outcome.origin ?? null) : addToImport(db, known, whole);
  }

  #get(ingestId: string): OpenIngest {
    const ingest = this.#open.get(ingestId);
    if (ingest === undefined) throw new WorkbenchError('not-found', 'This import has ended');
    return ingest;
  }
}
