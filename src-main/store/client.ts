import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { WorkbenchError } from '../shared/domain/errors.ts';
import type { ErrorReport } from '../shared/domain/errors.ts';
import { markOf } from '../system/alive.ts';
import { Pending } from '../system/pending.ts';
import type { SampleResult } from '../shared/domain/evaluations.ts';
import type { SetStatements } from '../shared/domain/kinds/set-statements.ts';
import type { FlipExportRow, Ingest, Store, StoreChange } from './api.ts';
import { Builds } from './builds.ts';
import { copyForReading } from './read-only-copy.ts';
import { EventQueue } from './event-queue.ts';
import type { ReaderMethods, StoreReads } from './reader.ts';
import type { ScanResult } from '../shared/domain/data/row-scan.ts';
import type { ContentFault } from './tasks/check-contents.ts';
import type { BuildBatch } from './tasks/build-comparison.ts';
import type { WorkerStart } from './rpc.ts';
import { SideReaders } from './side-readers.ts';
import { SearchedLists } from './searched-lists.ts';
import { forward, TaskThreads, WorkerClient } from './worker-client.ts';
import type { StoreWrites, WriterMethods } from './writer.ts';
import { longRead } from './long-reads.ts';
import { makeWorkspaceFolder } from './database-file.ts';

export interface StoreOptions {
  /** The database may not grow beyond this; writing then fails as on a full disk. */
  maxBytes?: number;
  /** Check the file's integrity some seconds after opening, in a thread of its own. On by default. */
  checkIntegrity?: boolean;
  /** How often to look for other programs' writes. */
  pollMs?: number;
  /**
   * Open a private copy of a database that cannot be written in place, or next to which nothing can be written. Everything can be read;
   * every write fails with this error.
   */
  readOnly?: ErrorReport;
}

export const databaseName = 'workspace.sqlite';
const defaultPollMs = 500;
/** How often it is looked for builds that a killed program left, in polls. */
const resumeEachPolls = 10;
/** A short command ends before the check starts. */
const integrityDelayMs = 3000;

/** Opens the workspace in a folder, which is created if missing. Opening takes no longer in a large workspace. */
export async function openStore(folder: string, options: StoreOptions = {}): Promise<Store> {
  const { readOnly } = options;
  const database = join(resolve(folder), databaseName);
  if (readOnly === undefined) makeWorkspaceFolder(folder);
  const copy = readOnly === undefined ? null : await copyForReading(database);
  const path = copy?.path ?? database;
  const { pid, born } = markOf();
  const owner = `${pid}:${randomBytes(6).toString('hex')}:${born ?? ''}`;
  const start = {
    path,
    owner,
    ...(options.maxBytes === undefined ? {} : { maxBytes: options.maxBytes }),
    ...(readOnly === undefined ? {} : { readOnly }),
  };
  const writer = new WorkerClient<WriterMethods>({ ...start, role: 'writer' });
  const reader = new WorkerClient<ReaderMethods>({ ...start, role: 'reader' });
  try {
    const { schemaVersion, methods } = await writer.ready;
    reader.open();
    const names = { writer: methods, reader: (await reader.ready).methods };
    const store = new OpenStore(start, options, writer, reader, { schemaVersion, names }).store();
    if (copy === null) return store;
    return { ...store, path: database, close: () => store.close().finally(() => copy.remove()) };
  } catch (error) {
    await Promise.all([writer.terminate(), reader.terminate()]);
    await copy?.remove();
    throw error;
  }
}

/** An open store: its threads, the tasks it started, and its listeners. */
class OpenStore {
  readonly #start: Omit<WorkerStart, 'role'>;
  readonly #writer: WorkerClient<WriterMethods>;
  readonly #reader: WorkerClient<ReaderMethods>;
  readonly #schemaVersion: number;
  readonly #names: Record<'reader' | 'writer', readonly string[]>;
  readonly #builds: Builds;
  readonly #events: EventQueue;
  readonly #listeners = new Set<(change: StoreChange) => void>();
  readonly #aside: SideReaders;
  readonly #tasks: TaskThreads;
  readonly #lists: SearchedLists;
  readonly #abort = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  #integrity = 'checking';
  #marks: Record<string, number> | null = null;
  // Failures here come from closing the store, or the work is found again at the next start.
  readonly #background = new Pending(() => undefined);
  readonly #resumed: Promise<void>;
  #closing: Promise<void> | null = null;

  constructor(
    start: Omit<WorkerStart, 'role'>,
    options: StoreOptions,
    writer: WorkerClient<WriterMethods>,
    reader: WorkerClient<ReaderMethods>,
    { schemaVersion, names }: { schemaVersion: number; names: Record<'reader' | 'writer', readonly string[]> },
  ) {
    this.#start = start;
    this.#aside = new SideReaders(start);
    this.#tasks = new TaskThreads(start);
    this.#lists = new SearchedLists(reader, this.#aside);
    this.#writer = writer;
    this.#reader = reader;
    this.#schemaVersion = schemaVersion;
    this.#names = names;
    this.#builds = new Builds(
      writer,
      reader,
      (name, args, onBatch) => this.#task(name, args, onBatch),
      (change) => this.#emit(change),
    );
    this.#events = new EventQueue(async (runId, events) => {
      const { lastSeq, superseded } = await writer.call('appendRunEvents', runId, events);
      for (const id of superseded) this.#builds.start(id);
      return { lastSeq };
    });
    const pollMs = options.pollMs ?? defaultPollMs;
    this.#timers.push(setInterval(() => this.#background.add(this.#poll()), pollMs));
    this.#timers.push(setInterval(() => this.#background.add(this.#builds.resume()), pollMs * resumeEachPolls));
    if (options.checkIntegrity !== false) {
      this.#timers.push(setTimeout(() => this.#background.add(this.#checkIntegrity()), integrityDelayMs));
    }
    for (const timer of this.#timers) timer.unref();
    this.#background.add(this.#poll());
    this.#resumed = this.#builds.resume();
  }

  store(): Store {
    const writer = this.#writer;
    const reader = this.#reader;
    const lists = this.#lists;
    return {
      ...forward<StoreReads>(reader, this.#names.reader),
      openFlipView: (id, filter, sort, place) =>
        lists.prepare(id, filter, { place }).then(() => reader.call('openFlipView', id, filter, sort)),
      flipFacets: (id, filter, place) =>
        lists.prepare(id, filter, { place, slices: true }).then(() => reader.call('flipFacets', id, filter)),
      flipVectors: (id, filter, place) =>
        lists.prepare(id, filter, { place }).then(() => reader.call('flipVectors', id, filter)),
      changeCounts: (id, filter) => lists.prepare(id, filter).then(() => reader.call('changeCounts', id, filter)),
      sliceCounts: (id, verdicts) =>
        lists.prepare(id, {}, { slices: true }).then(() => reader.call('sliceCounts', id, verdicts)),
      sliceSamples: (id, verdicts) =>
        lists
          .prepare(id, {}, { slices: true })
          .then(() => this.#aside.read((thread) => thread.call('sliceSamples', id, verdicts), longRead)),
      openDatasetView: (id, filter, sort, place) => lists.openRows(id, filter, sort, place),
      endSearches: (place) => lists.leave(place),
      ...forward<StoreWrites>(writer, this.#names.writer),
      path: this.#start.path,
      onChange: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      close: () => (this.#closing ??= this.#close()),
      health: async () => ({
        schemaVersion: this.#schemaVersion,
        integrity: this.#integrity,
        ...(await reader.call('counts')),
      }),
      checkIntegrity: () => this.#checkIntegrity(),
      checkContents: (onProgress) =>
        this.#task<{ fraction: number }, ContentFault[]>('checkContents', [], ({ fraction }) => {
          onProgress(fraction);
          return Promise.resolve();
        }),
      settled: async () => {
        await this.#resumed;
        await this.#builds.settled();
        await writer.call('settle');
      },
      exportWorkspace: (path) => this.#task('copyWorkspace', [resolve(path)]),
      beginDataset: async (head) => this.#ingest(await writer.call('beginDataset', head)),
      beginSuite: async (head) => this.#ingest(await writer.call('beginSuite', head)),
      beginEvaluation: async (head) => this.#ingest(await writer.call('beginEvaluation', head)),
      appendRunEvents: (runId, events) => this.#events.append(runId, events),
      openComparison: async (left, right, rule, pairBy) => {
        const record = await writer.call('openComparison', left, right, rule, pairBy);
        if (record.state === 'building') this.#builds.start(record.id);
        return record;
      },
      buildComparison: (id, onProgress) => this.#builds.finish(id, onProgress),
      findKinds: (id, onProgress, ask) => this.#builds.findKinds(id, onProgress, ask),
      setNoiseFloor: (id, left, right) => this.#setNoiseFloor(id, left, right),
      addGuardSet: async ({ name, note, comparisonId, ...from }) => {
        const pairs = await reader.call('guardPairs', comparisonId, from);
        return writer.call('addGuardSet', { name, note, comparisonId, pairs });
      },
      streamFlips: async (id, filter, sort, onBatch) => {
        await this.#task<FlipExportRow[], null>('streamFlips', [id, filter, sort], onBatch);
      },
      setStatements: (id, filter, onProgress, signal) =>
        this.#task<{ fraction: number }, SetStatements>('setStatements', [id, filter], ({ fraction }) => {
          if (signal.aborted) return Promise.reject(new WorkbenchError('cancelled', 'Cancelled.'));
          onProgress(fraction);
          return Promise.resolve();
        }),
      streamSamples: async (id, onBatch) => {
        await this.#task<SampleResult[], null>('streamSamples', [id], onBatch);
      },
      exportDatasetRows: (id, path, { skip = [] } = {}) => this.#task('exportDatasetRows', [id, path, skip]),
      exportSuiteItems: (id, path) => this.#task('exportSuiteItems', [id, path]),
      selectDatasetRows: async (id, step) =>
        (await this.#task<never, { places: Int32Array }>('selectRows', [id, step])).places,
      nearestPrompts: (id, rows, prompts) => this.#task('nearestPrompts', [id, rows, prompts]),
      trainedRows: (runId, datasetId) => this.#task('trainedRows', [runId, datasetId]),
      rowsNearPrompts: (id, prompts, threshold) => this.#task('rowsNear', [id, prompts, threshold]),
      scanDataset: (id, settings, onProgress, signal) =>
        this.#task<{ fraction: number }, ScanResult>('checkDataset', [id, settings], ({ fraction }) => {
          if (signal.aborted) return Promise.reject(new WorkbenchError('cancelled', 'Cancelled.'));
          onProgress(fraction);
          return Promise.resolve();
        }),
    };
  }

  #ingest<Row extends Parameters<WriterMethods['pushRows']>[1][number]>({
    ingestId,
  }: {
    ingestId: string;
  }): Ingest<Row> {
    return {
      push: (rows) => this.#writer.call('pushRows', ingestId, rows),
      commit: (outcome) => this.#writer.call('commitIngest', ingestId, outcome),
      abandon: () => this.#writer.call('abandonIngest', ingestId),
    };
  }

  #task<Batch, Outcome>(
    name: string,
    args: unknown[],
    onBatch: (batch: Batch) => Promise<void> = () => Promise.resolve(),
  ): Promise<Outcome> {
    return this.#tasks.run<Batch, Outcome>({ name, args }, onBatch, this.#abort.signal);
  }

  async #setNoiseFloor(id: string, left: string | null, right: string | null): Promise<void> {
    const { buildKey, order } = await this.#writer.call('setRepeats', id, left, right);
    // Not built yet: the build will set the marks.
    if (buildKey === null || (left === null && right === null)) return;
    await this.#task<BuildBatch, null>('buildStability', [order], async ({ parts, progress }) => {
      const comparison = await this.#writer.call('putColumns', buildKey, parts, progress);
      this.#emit({ tables: ['comparisons'], comparison });
    });
  }

  async #checkIntegrity(): Promise<string> {
    this.#integrity = await this.#task<never, string>('checkIntegrity', []);
    return this.#integrity;
  }

  /** Checks whether another program wrote, and reports to which lists. */
  async #poll(): Promise<void> {
    try {
      const marks = await this.#reader.call('foreignMarks');
      if (marks === null) return;
      const before = this.#marks;
      this.#marks = marks;
      if (before === null) return;
      const changed = Object.entries(marks).filter(([key, version]) => before[key] !== version);
      const tables = [...new Set(changed.map(([key]) => key.split(' ')[0] as StoreChange['tables'][number]))];
      if (tables.length > 0) this.#emit({ tables });
    } catch {
      // The store is closing.
    }
  }

  #emit(change: StoreChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  async #close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    const builds = this.#builds.stop();
    this.#abort.abort();
    this.#tasks.close();
    await builds;
    await this.#aside.close();
    // The writer last: the last to close leaves one file, and a reader may not write it.
    await this.#reader.call('close').catch(() => undefined);
    await this.#writer.call('close').catch(() => undefined);
    await Promise.all([this.#writer.terminate(), this.#reader.terminate()]);
    await Promise.all([this.#background.settled(), this.#resumed]);
    this.#listeners.clear();
  }
}
