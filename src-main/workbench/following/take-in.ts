import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { withoutTokenizerNote } from '../../engine/checkpoint/model-files.ts';
import type { TrainerFolder } from '../../imports/trainer-folder/trainer-folder.ts';
import type { RunRecord } from '../../shared/domain/entities.ts';
import { trainerName } from '../../shared/domain/run-origin.ts';
import type { TrainerEventBody } from '../../shared/domain/trainer-events.ts';
import type { Core } from '../core.ts';
import { existing } from '../workspace/names.ts';
import { runFolder } from '../runs/run-folder.ts';
import { addOwnEvents } from '../supervision/own-events.ts';
import { replayEvents } from '../supervision/replay.ts';
import type { Task } from '../supervision/task.ts';
import { checkpointEvent, markGone, stampOf } from './checkpoint-events.ts';
import { completionEvents } from './completion-events.ts';
import { foreignEventsFile, headOf, readForeignEvents } from './foreign-events.ts';
import { readFollowNote, writeFollowNote } from './follow-note.ts';
import type { FollowNote } from './follow-note.ts';
import { newSteps } from './step-events.ts';

type Body = TrainerEventBody & { at?: number };

export interface Taken {
  run: RunRecord;
  /** Sentences about what could not be taken, or is gone; each is said once. */
  said: string[];
  /** Whether anything was new. */
  grew: boolean;
}

const pageEvents = 500;

/**
 * Takes into the run’s record what the trainer’s folder has beyond it. The folder is only read. `settled`: nobody writes it any more as
 * far as the caller knows, so that what is half written is worth a sentence.
 */
export async function takeInFolder(
  core: Core,
  run: RunRecord,
  found: TrainerFolder,
  { settled }: { settled: boolean },
  task: Task,
): Promise<Taken> {
  await replayEvents(core, run);
  const noteFile = runFolder(core.layout, run).file('followed');
  let note = await readFollowNote(noteFile);
  const before = (await current(core, run.id)).lastSeq;
  const said: string[] = [];
  const say = (sentence: string) => {
    if (note.said.includes(sentence)) return;
    note = { ...note, said: [...note.said, sentence] };
    said.push(sentence);
  };

  async function add(bodies: readonly Body[]): Promise<void> {
    for (let i = 0; i < bodies.length; i += pageEvents) await addOwnEvents(core, run, bodies.slice(i, i + pageEvents));
  }

  if (before === 0) await add([startOf(run, found)]);
  const file = await foreignEventsFile(found.folder);
  note = file === null ? await takeLog(found, note, add) : await takeEvents(file, found, note, add, say);
  note = await takeCompletions(found, note, add, say, settled);
  note = await takeCheckpoints(found, note, add, task);
  const untold = await withoutTokenizer(found);
  if (untold !== null && !note.said.some((sentence) => sentence.includes(lacksTokenizer))) say(untold);
  for (const { why, half } of found.unusable) if (settled || !half) say(why);
  for (const sentence of await markGone(core, run)) say(sentence);
  await add(said.map((message): Body => ({ type: 'log', level: 'warning', message })));
  const grown = await current(core, run.id);
  if (isDone(found) && grown.status !== 'finished')
    await add([{ type: 'finished', outcome: 'completed', step: found.step, at: found.lastAt }]);
  await writeFollowNote(noteFile, note);
  const after = await current(core, run.id);
  return { run: after, said, grew: after.lastSeq > before };
}

const lacksTokenizer = ' holds no tokenizer.json';

/** Curves come without a tokenizer, evaluations do not; an adapter has its base's. The first checkpoint speaks for those that follow. */
async function withoutTokenizer({ checkpoints }: TrainerFolder): Promise<string | null> {
  for (const { kind, folder } of checkpoints) {
    const names = await readdir(folder).catch((): string[] => []);
    if (kind === 'full' && names.length > 0 && !names.includes('tokenizer.json'))
      return withoutTokenizerNote(path.basename(folder), names);
  }
  return null;
}

async function current(core: Core, runId: string): Promise<RunRecord> {
  return existing('run', await core.store.getRun(runId), runId);
}

/** The trainer came to the end that it had set itself. */
export function isDone({ step, maxSteps, checkpoints }: TrainerFolder): boolean {
  return maxSteps !== null && step >= maxSteps && (checkpoints.at(-1)?.step ?? step) >= maxSteps;
}

export function startOf(run: RunRecord, found: TrainerFolder, resumedAtStep: number | null = null): Body {
  const versions: Record<string, string> = found.version === null ? {} : { transformers: found.version };
  return {
    type: 'started',
    backend: { name: trainerName(run.origin ?? found), device: 'its own machine', versions },
    totalSteps: found.maxSteps ?? found.step,
    resumedAtStep,
    parameters: 0,
    trainable: 0,
    at: resumedAtStep === null ? found.firstAt : Date.now(),
  };
}

type Add = (bodies: readonly Body[]) => Promise<void>;

async function takeLog(found: TrainerFolder, note: FollowNote, add: Add): Promise<FollowNote> {
  const { events, rewoundTo, taken } = newSteps(found.entries, note.steps);
  if (rewoundTo !== null) await add([restart(found, rewoundTo)]);
  await add(events.map((event) => ({ ...event, at: found.lastAt })));
  const completions = rewoundTo === null ? note.completions : note.completions.filter((step) => step <= rewoundTo);
  return { ...note, steps: taken, completions };
}

/** The trainer went back to an earlier checkpoint: what came after it is forgotten here as well. */
function restart(found: TrainerFolder, step: number): Body {
  const versions: Record<string, string> = found.version === null ? {} : { transformers: found.version };
  const backend = { name: trainerName(found), device: 'its own machine', versions };
  const totalSteps = found.maxSteps ?? found.step;
  return { type: 'started', backend, totalSteps, resumedAtStep: step, parameters: 0, trainable: 0 };
}

async function takeEvents(
  file: string,
  { folder }: TrainerFolder,
  note: FollowNote,
  add: Add,
  say: (sentence: string) => void,
): Promise<FollowNote> {
  const head = await headOf(file);
  const isAnother = note.eventsHead !== null && head !== note.eventsHead;
  let [taken, next] = isAnother ? [0, { line: 0, byte: 0 }] : [note.eventsTaken, note.eventsNext];
  for await (const page of readForeignEvents(file, { after: taken, from: next, folder, most: pageEvents })) {
    await add(page.events);
    if (page.damagedLine !== null) {
      say(`${file} is damaged: its line ${page.damagedLine} is not an event. What comes behind it was left out.`);
    }
    ({ taken, next } = page);
  }
  return { ...note, eventsTaken: taken, eventsNext: next, eventsHead: head };
}

async function takeCompletions(
  found: TrainerFolder,
  note: FollowNote,
  add: Add,
  say: (sentence: string) => void,
  settled: boolean,
): Promise<FollowNote> {
  const known = new Set(note.completions);
  const taken = [...note.completions];
  for (const one of found.completions.filter(({ step }) => !known.has(step))) {
    const events = await completionEvents(one);
    if (events === null) {
      if (settled) say(`${one.file} is not a whole Parquet file: the completions of step ${one.step} were left out.`);
      continue;
    }
    await add(events.map((event) => ({ ...event, at: found.lastAt })));
    taken.push(one.step);
  }
  return { ...note, completions: taken };
}

async function takeCheckpoints(found: TrainerFolder, note: FollowNote, add: Add, task: Task): Promise<FollowNote> {
  const checkpoints = { ...note.checkpoints };
  for (const one of found.checkpoints) {
    if (checkpoints[String(one.step)] === stampOf(one)) continue;
    const event = await checkpointEvent(one, task);
    if (event === null) continue;
    await add([event]);
    checkpoints[String(one.step)] = stampOf(one);
  }
  return { ...note, checkpoints };
}
