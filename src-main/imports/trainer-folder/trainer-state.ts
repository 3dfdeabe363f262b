import { open, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { readJsonLinesSoFar } from './json-lines.ts';
import { parseJson } from '../records/parse-json.ts';

/** One line of a trainer’s log: numbers under the trainer’s own names. */
export interface LogEntry {
  readonly step: number;
  readonly epoch: number;
  readonly numbers: Readonly<Record<string, number>>;
}

/** What `trainer_state.json` says. */
export interface TrainerState {
  readonly step: number;
  /** Null where the trainer does not say how far it goes. */
  readonly maxSteps: number | null;
  readonly entries: readonly LogEntry[];
  /** When it was written, ms since epoch. */
  readonly writtenAt: number;
}

export const stateFile = 'trainer_state.json';
const stateSchema = z.object({
  global_step: z.number().int().min(0),
  max_steps: z.number().int().nullish(),
  log_history: z.array(z.record(z.string(), z.unknown())).default([]),
});

/** Null where it is not there; `half` where it is being written, or damaged. */
export async function readTrainerState(folder: string): Promise<TrainerState | 'half' | null> {
  const file = path.join(folder, stateFile);
  const found = await stat(file).catch(() => null);
  if (found === null) return null;
  try {
    const state = stateSchema.parse(parseJson(await readFile(file, 'utf8')));
    return {
      step: state.global_step,
      maxSteps:
        state.max_steps !== null && state.max_steps !== undefined && state.max_steps > 0 ? state.max_steps : null,
      entries: state.log_history.flatMap(entryOf),
      writtenAt: found.mtimeMs,
    };
  } catch {
    return 'half';
  }
}

const tailBytes = 64;

/** Whether a state is there, and with its end: the trainer writes an object in one go, so that its closing brace comes last. */
export async function stateOf(folder: string): Promise<'whole' | 'cut' | 'missing'> {
  const handle = await open(path.join(folder, stateFile), 'r').catch(() => null);
  if (handle === null) return 'missing';
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - tailBytes);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(tailBytes), 0, tailBytes, from);
    return buffer.toString('utf8', 0, bytesRead).trimEnd().endsWith('}') ? 'whole' : 'cut';
  } finally {
    await handle.close();
  }
}

/** Lines without a step have no place on a curve. */
function entryOf(record: Readonly<Record<string, unknown>>): LogEntry[] {
  const { step, epoch, ...rest } = record;
  if (typeof step !== 'number' || !Number.isInteger(step) || step < 0) return [];
  const numbers = Object.fromEntries(
    Object.entries(rest).filter((field): field is [string, number] => typeof field[1] === 'number'),
  );
  return [{ step, epoch: typeof epoch === 'number' ? epoch : 0, numbers }];
}

/** LLaMA-Factory’s live log, line by line while it trains: `trainer_log.jsonl`. */
export const liveLogFile = 'trainer_log.jsonl';
const liveNames: Readonly<Record<string, string>> = {
  loss: 'loss',
  eval_loss: 'eval_loss',
  predict_loss: 'predict_loss',
  reward: 'reward',
  accuracy: 'rewards/accuracies',
  lr: 'learning_rate',
  learning_rate: 'learning_rate',
};

/** Under the names that the same numbers have in `trainer_state.json`. */
export async function readLiveLog(folder: string): Promise<LogEntry[]> {
  const lines = await readJsonLinesSoFar(path.join(folder, liveLogFile));
  return lines.flatMap(({ current_steps: step, epoch, ...rest }) => {
    if (typeof step !== 'number' || !Number.isInteger(step)) return [];
    const numbers = Object.entries(rest).flatMap(([field, value]) => {
      const name = Object.hasOwn(liveNames, field) ? liveNames[field] : undefined;
      return name !== undefined && typeof value === 'number' ? [[name, value] as const] : [];
    });
    if (numbers.length === 0) return [];
    return [{ step, epoch: typeof epoch === 'number' ? epoch : 0, numbers: Object.fromEntries(numbers) }];
  });
}
