import type { ComparisonRecord } from '../shared/domain/flip-view.ts';
import { ownPrograms } from '../shared/domain/kinds/own-kinds.ts';
import type { KindSettings, OwnProgram, ProgramFindings } from '../shared/domain/kinds/own-kinds.ts';
import { WorkbenchError, reportOf } from '../shared/domain/errors.ts';
import type { StoreChange } from './api.ts';
import type { BuildOrder, BuildOutcome } from './queries/comparison-builds.ts';
import type { ReaderMethods } from './reader.ts';
import type { BuildBatch } from './tasks/build-comparison.ts';
import type { WorkerClient } from './worker-client.ts';
import type { WriterMethods } from './writer.ts';

type RunTask = <Batch, Outcome>(
  name: string,
  args: unknown[],
  onBatch?: (batch: Batch) => Promise<void>,
) => Promise<Outcome>;

/** Asks the programs of own kinds about the answers. */
export type AskPrograms = (programs: readonly OwnProgram[]) => Promise<readonly ProgramFindings[]>;

interface Building {
  done: Promise<ComparisonRecord>;
  listeners: Set<(fraction: number) => void>;
}

/**
 * Builds comparisons in the background, one at a time: a task's thread reads and compares, the writer takes the finished ranges
 * in short transactions. A build that was cut off starts over; no part of it was ever shown.
 */
export class Builds {
  readonly #writer: WorkerClient<WriterMethods>;
  readonly #reader: WorkerClient<ReaderMethods>;
  readonly #runTask: RunTask;
  readonly #emit: (change: StoreChange) => void;
  readonly #building = new Map<string, Building>();
  readonly #finding = new Map<string, { done: Promise<void>; listeners: Set<(fraction: number) => void> }>();
  #last: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor(
    writer: WorkerClient<WriterMethods>,
    reader: WorkerClient<ReaderMethods>,
    runTask: RunTask,
    emit: (change: StoreChange) => void,
  ) {
    this.#writer = writer;
    this.#reader = reader;
    this.#runTask = runTask;
    this.#emit = emit;
  }

  /** Starts in the background; failures are kept in the comparison's record. */
  start(id: string): void {
    this.#ensure(id).done.catch(() => undefined);
  }

  /** Starts what waits to be built and nobody builds: the program that did may have been killed. */
  async resume(): Promise<void> {
    try {
      for (const id of await this.#reader.call('unbuiltComparisons')) this.start(id);
    } catch {
      // Closed before it got there; the next start looks again.
    }
  }

  /** Resolves when the comparison is ready, with its record; rejects when it cannot be built. */
  async finish(id: string, onProgress?: (fraction: number) => void): Promise<ComparisonRecord> {
    const record = await this.#reader.call('existingComparison', id);
    if (record.state === 'ready') return record;
    const building = this.#ensure(id);
    if (onProgress !== undefined) building.listeners.add(onProgress);
    return building.done;
  }

  /** Finds a comparison's kinds of change if they are missing or were found by other rules; once, however many callers ask. */
  async findKinds(id: string, onProgress?: (fraction: number) => void, askPrograms?: AskPrograms): Promise<void> {
    let finding = this.#finding.get(id);
    if (finding === undefined) {
      const listeners = new Set<(fraction: number) => void>();
      const done = this.#findKinds(id, listeners, askPrograms).finally(() => this.#finding.delete(id));
      finding = { done, listeners };
      this.#finding.set(id, finding);
    }
    if (onProgress !== undefined) finding.listeners.add(onProgress);
    await finding.done;
  }

  async #findKinds(
    id: string,
    listeners: ReadonlySet<(fraction: number) => void>,
    askPrograms?: AskPrograms,
  ): Promise<void> {
    const plan = await this.#reader.call('kindOrder', id);
    if (plan === null) return;
    const order = { ...plan, programs: await this.#programFindings(plan.settings, askPrograms) };
    await this.#runTask<BuildBatch, null>('buildKinds', [order], async ({ parts, progress }) => {
      // Stays below 1, so that nothing is announced: the columns are not shown yet.
      await this.#writer.call('putColumns', order.buildKey, parts, Math.min(progress, 0.999));
      for (const listener of listeners) listener(progress);
    });
    await this.#writer.call('finishKinds', order.buildKey, order.settings);
    this.#emit({ tables: ['comparisons'] });
  }

  async #programFindings(settings: KindSettings, ask: AskPrograms | undefined): Promise<readonly ProgramFindings[]> {
    const programs = ownPrograms(settings);
    if (programs.length === 0) return [];
    if (ask === undefined) throw new WorkbenchError('unsupported', 'No program can be started here.');
    return ask(programs);
  }

  async settled(): Promise<void> {
    await Promise.allSettled([...this.#building.values(), ...this.#finding.values()].map(({ done }) => done));
  }

  /** Starts nothing new; the caller's abort signal cuts off what is running. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#last.catch(() => undefined);
    await Promise.allSettled([...this.#finding.values()].map(({ done }) => done));
  }

  #ensure(id: string): Building {
    const known = this.#building.get(id);
    if (known !== undefined) return known;
    const listeners = new Set<(fraction: number) => void>();
    const turn = this.#last.then(() => this.#build(id, listeners));
    const building = { listeners, done: turn.finally(() => this.#building.delete(id)) };
    building.done.catch(() => undefined);
    this.#last = turn.catch(() => undefined);
    this.#building.set(id, building);
    return building;
  }

  async #build(id: string, listeners: ReadonlySet<(fraction: number) => void>): Promise<ComparisonRecord> {
    if (this.#stopped) throw new WorkbenchError('cancelled', 'The workspace was closed meanwhile');
    const order = await this.#writer.call('beginBuild', id);
    try {
      const outcome = await this.#runTask<BuildBatch, BuildOutcome>('buildComparison', [order], async (batch) => {
        const comparison = await this.#writer.call('putColumns', order.buildKey, batch.parts, batch.progress);
        for (const listener of listeners) listener(batch.progress);
        this.#emit({ tables: [], comparison });
      });
      const comparison = await this.#writer.call('finishBuild', order.buildKey, outcome);
      for (const listener of listeners) listener(1);
      this.#emit({ tables: ['comparisons'], comparison });
      return comparison;
    } catch (error) {
      return await this.#settleFailure(id, order, error, listeners);
    }
  }

  /** If the comparison was removed, or finished by another program, the failure is not recorded. */
  async #settleFailure(
    id: string,
    order: BuildOrder,
    error: unknown,
    listeners: ReadonlySet<(fraction: number) => void>,
  ): Promise<ComparisonRecord> {
    if (this.#stopped) throw error;
    if (error instanceof WorkbenchError && error.code === 'cancelled') {
      const now = await this.#reader.call('existingComparison', id);
      if (now.state === 'ready') return now;
      return await this.#build(id, listeners);
    }
    const failed = await this.#writer.call('failBuild', order.buildKey, reportOf(error));
    if (failed !== null) this.#emit({ tables: ['comparisons'], comparison: failed });
    throw error;
  }
}
