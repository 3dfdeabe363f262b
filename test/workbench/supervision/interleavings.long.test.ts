import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { RunRecord } from '../../../src-main/shared/domain/entities.ts';
import { hasEnded } from '../../../src-main/shared/domain/run-states.ts';
import { claim } from '../../../src-main/workbench/supervision/claim.ts';
import type { Claim } from '../../../src-main/workbench/supervision/claim.ts';
import { createRunSupervisor } from '../../../src-main/workbench/supervision/supervisor.ts';
import type { FakeTrainer } from '../../helpers/fake-trainer.ts';
import { openStage } from '../../helpers/supervision.ts';
import type { Stage } from '../../helpers/supervision.ts';

const interleavings = 500;

/** mulberry32 */
function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** Random wishes, words and mishaps, in a random order and at random moments; then everything is restored and closed. */
class Interleaving {
  readonly #stage: Stage;
  readonly #random: (below: number) => number;
  readonly #supervisor;
  readonly runs: RunRecord[] = [];
  readonly ends: Promise<RunRecord>[] = [];
  readonly asked: Promise<unknown>[] = [];
  /** Starts that were accepted, by run. */
  readonly starts = new Map<string, number>();
  #foreign: Claim | null = null;
  readonly #firstChild: number;

  constructor(stage: Stage, seed: number) {
    this.#stage = stage;
    this.#random = seeded(seed);
    this.#supervisor = createRunSupervisor(stage.core);
    this.#firstChild = stage.children.length;
  }

  get children(): FakeTrainer[] {
    return this.#stage.children.slice(this.#firstChild);
  }

  async play(): Promise<void> {
    const moves = 4 + this.#random(14);
    for (let i = 0; i < moves; i++) {
      await this.#move();
      await this.#moment();
    }
  }

  /** Nothing, a few turns of the event loop, or as long as the store and the disk take for some of their work. */
  async #moment(): Promise<void> {
    for (let turns = this.#random(4); turns > 0; turns--) {
      if (this.#random(2) === 0) await nextTurn();
      else await this.#stage.core.store.getRun('');
    }
  }

  /** The end of the program: what was broken works again, and close returns. */
  async close(): Promise<void> {
    const closing = this.#supervisor.close();
    if (this.#random(2) === 0) await nextTurn();
    this.#stage.broken = false;
    await this.#foreign?.release();
    await closing;
    await this.#supervisor.storeEnds();
    await Promise.allSettled(this.asked);
    await this.#stage.core.device.settled();
  }

  async #move(): Promise<void> {
    const run = this.runs[this.#random(Math.max(1, this.runs.length))];
    const child = this.children.at(-1);
    switch (this.#random(14)) {
      case 0:
      case 1:
      case 2:
        return this.#launch();
      case 3:
        if (run !== undefined) this.#ask(run.id, 'stop');
        return;
      case 4:
        if (run !== undefined) for (let i = 0; i < 2; i++) this.#ask(run.id, 'stop');
        return;
      case 5:
        if (run !== undefined) this.#ask(run.id, this.#random(2) === 0 ? 'pause' : 'resume');
        return;
      case 6:
        return child?.start();
      case 7:
        // The last step lands as somebody asks for a stop.
        if (run !== undefined && this.#random(2) === 0) this.#ask(run.id, 'stop');
        child?.finish('completed', this.#random(4) > 0);
        if (run !== undefined && this.#random(2) === 0) this.#ask(run.id, 'stop');
        return;
      case 8:
        return child?.exit({ code: 1, signal: null });
      case 9:
        return child?.finish('completed');
      case 10:
        this.#stage.broken = !this.#stage.broken;
        return;
      case 11:
        this.#foreign ??= await claim(path.join(this.#stage.core.layout.locks, 'device.lock'), 'run “theirs”');
        return;
      case 12:
        await this.#foreign?.release();
        this.#foreign = null;
        return;
      default:
        if (run !== undefined) await this.#again(run.id);
    }
  }

  async #launch(): Promise<void> {
    if (this.runs.length >= 4 || this.#stage.broken) return;
    const run = await this.#stage.addRun();
    this.runs.push(run);
    await this.#enter(run);
    if (this.#random(2) === 0) await this.#untilItTrains(run.id);
  }

  /** Or until it seems that it has to wait. */
  async #untilItTrains(runId: string): Promise<void> {
    const trains = () => this.children.some(({ job }) => job?.runId === runId);
    for (let turns = 0; turns < 300 && !trains(); turns++) await nextTurn();
  }

  async #again(runId: string): Promise<void> {
    const run = await this.#stage.core.store.getRun(runId);
    if (run === null || this.#supervisor.has(runId) || !hasEnded(run.status) || run.status === 'finished') return;
    await this.#enter(run).catch(() => {});
  }

  async #enter(run: RunRecord): Promise<void> {
    const resume = this.#supervisor.add(run, await this.#supervisor.own(run), true);
    // A store that cannot write refuses it; then it has not started, and its claim is free.
    const queued = await resume;
    this.starts.set(queued.id, (this.starts.get(queued.id) ?? 0) + 1);
    const ended = this.#supervisor.ended(run.id);
    if (ended !== null) this.ends.push(ended);
  }

  #ask(runId: string, request: 'stop' | 'pause' | 'resume'): void {
    this.asked.push(this.#supervisor.ask(runId, request));
  }
}

test(`${interleavings} interleavings lose no run, run none twice, free the device, and close`, async () => {
  const stage = await openStage();
  // It says of each end that could not be stored at once.
  onTestFinished(() => void vi.restoreAllMocks());
  vi.spyOn(console, 'error').mockImplementation(() => {});
  const { layout, store } = stage.core;
  const tally = { runs: 0, starts: 0, children: 0 };
  for (let seed = 1; seed <= interleavings; seed++) {
    const play = new Interleaving(stage, seed);
    await play.play();
    await play.close();
    const about = `seed ${seed}`;
    // What must hold, whatever happened:
    const ends = await Promise.all(play.ends);
    expect(
      ends.map(({ status }) => hasEnded(status)),
      about,
    ).toEqual(ends.map(() => true));
    const stored = await Promise.all(play.runs.map(({ id }) => store.getRun(id)));
    expect(
      stored.map((run) => run !== null && hasEnded(run.status)),
      about,
    ).toEqual(stored.map(() => true));
    for (const { id } of play.runs) {
      const trained = play.children.filter(({ job }) => job?.runId === id).length;
      expect(trained, `${about}: a start is trained once at most`).toBeLessThanOrEqual(play.starts.get(id) ?? 0);
      const said = readFileSync(path.join(layout.root, 'runs', id, 'events.ndjson'), 'utf8');
      const status = stored.find((run) => run?.id === id)?.status;
      expect(status === 'finished', `${about}: completed as it said`).toBe(said.includes('"outcome":"completed"'));
      expect(existsSync(path.join(layout.root, 'runs', id, 'owner.lock')), about).toBe(false);
    }
    expect(
      play.children.every(({ gone }) => gone),
      `${about}: no child is left`,
    ).toBe(true);
    expect(existsSync(path.join(layout.locks, 'device.lock')), `${about}: the device is free`).toBe(false);
    tally.runs += play.runs.length;
    tally.children += play.children.length;
    for (const count of play.starts.values()) tally.starts += count;
  }
  console.log(`${interleavings} interleavings: ${tally.runs} runs, ${tally.starts} starts, ${tally.children} trainers`);
  // How many get as far as a trainer is a matter of moments; without any, nothing would have been tried.
  expect(tally.children).toBeGreaterThan(interleavings / 20);
});
