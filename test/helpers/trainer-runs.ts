import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { expect } from 'vitest';
import type { SuiteItem } from '../../src-main/shared/domain/evaluations.ts';
import type { TrainerJob, TrainJob } from '../../src-main/shared/domain/jobs.ts';
import type { TrainerEvent } from '../../src-main/shared/domain/trainer-events.ts';
import { runSpecSchema, type RunSpecInput } from '../../src-main/shared/domain/run-spec.ts';
import { superviseTrainer, type TrainerEnd, type TrainerSession } from '../../src-main/trainer/host.ts';
import { launchNodeTrainer } from '../../src-main/trainer/node-child.ts';
import { stories260k } from './trl-golden.ts';

/** Everything of one test file is here; it calls `removeRuns` at its end. */
export const runsFolder = mkdtempSync(path.join(tmpdir(), 'flipguard-entry-'));
export function removeRuns(): void {
  rmSync(runsFolder, { recursive: true, force: true });
}

export const things = ['cat', 'dog', 'bird', 'ball', 'tree', 'frog', 'girl', 'boy', 'bear', 'fish', 'duck', 'star'];
export const rows = things.map((thing, i) => ({
  kind: 'preference',
  id: `row-${i}`,
  prompt: `Once upon a time, there was a ${thing}`,
  chosen: `. The ${thing} was happy and loved to play with friends${' all day'.repeat(i % 4)}.`,
  // One text has a line separator of Unicode, which ends no line of ours.
  rejected: `. The ${thing} was sad${i === 3 ? '\u2028' : ' '}and cried${' a lot'.repeat(i % 3)}.`,
}));
export const words: SuiteItem[] = things.map((thing) => ({
  kind: 'words',
  id: thing,
  text: `Once upon a time, there was a little girl named Lily. She loved to play with her ${thing} in the park. One day,${thing === 'cat' ? '\u2029' : ' '}she was very happy.`,
}));

export function ndjson(name: string, objects: readonly object[]): string {
  const file = path.join(runsFolder, name);
  writeFileSync(file, objects.map((object) => `${JSON.stringify(object)}\n`).join(''));
  return file;
}

let runs = 0;
export function trainJob(changes: Partial<RunSpecInput> = {}, job: Partial<TrainJob> = {}): TrainJob {
  runs += 1;
  const spec = runSpecSchema.parse({
    name: 'run',
    model: 'm',
    dataset: { train: 'd' },
    algorithm: { kind: 'dpo' },
    optimizer: { learningRate: 1e-4 },
    batch: { size: 4, maxLength: 64 },
    steps: 6,
    seed: 1,
    ...changes,
  });
  return {
    kind: 'train',
    runId: 'r',
    spec,
    modelPath: stories260k,
    trainRowsPath: ndjson('rows.ndjson', rows),
    suites: [{ id: 'w', name: 'words', kind: 'words', itemsPath: ndjson('words.ndjson', words) }],
    runFolder: mkdtempSync(path.join(runsFolder, `run-${runs}-`)),
    cacheFolder: path.join(runsFolder, 'cache'),
    resume: false,
    ...job,
  };
}

export interface Told {
  events: TrainerEvent[];
  end: TrainerEnd;
}

/** Runs a job in a real child to its end; `onEvent` may talk back. */
export async function run(
  job: TrainerJob,
  onEvent: (event: TrainerEvent, session: TrainerSession) => void = () => {},
): Promise<Told> {
  const events: TrainerEvent[] = [];
  let session: TrainerSession | null = null;
  session = superviseTrainer(launchNodeTrainer, job, (batch) => {
    events.push(...batch);
    for (const event of batch) if (session !== null) onEvent(event, session);
    return Promise.resolve();
  });
  return { events, end: await session.ended };
}

export function linesOf(job: TrainJob): TrainerEvent[] {
  const text = readFileSync(path.join(job.runFolder, 'events.ndjson'), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TrainerEvent);
}

/** Loss of every step; a step that was made again after a kill counts with its last line. */
export function lossesOf(events: readonly TrainerEvent[]): Map<number, number> {
  return new Map(
    events.flatMap((event) => (event.type === 'step' ? [[event.step, event.metrics['loss'] ?? Number.NaN]] : [])),
  );
}

/** Bit for bit: the loss of every step, and the weights at the end. */
export function expectSameRun(actual: readonly TrainerEvent[], expected: readonly TrainerEvent[]): void {
  expect(lossesOf(actual)).toEqual(lossesOf(expected));
  const weightsOf = (events: readonly TrainerEvent[]) =>
    events.findLast((event) => event.type === 'checkpoint')?.checkpoint.sha256;
  expect(weightsOf(actual)).toEqual(weightsOf(expected));
  expect(weightsOf(actual)).toBeDefined();
}
