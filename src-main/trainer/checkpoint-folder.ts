import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { z } from 'zod';
import type { TrainingState } from '../engine/train-loop.ts';
import { WorkbenchError } from '../shared/domain/errors.ts';
import { hashFile, hashOfFiles } from '../system/file-sums.ts';

export const optimizerFile = 'optimizer.safetensors';
export const stateFile = 'state.json';
/** SHA-256 of every other file of the folder, by name. */
export const sumsFile = 'sums.json';
/** What only a resumed run needs. */
export const trainingFiles: readonly string[] = [optimizerFile, stateFile, sumsFile];

const sumsSchema = z.record(z.string(), z.string());
const count = z.number().int().nonnegative();
const stateSchema = z.object({
  step: count,
  optimizerSteps: count,
  evaluatedAt: count.nullable(),
  data: z.object({ epoch: count, used: count, random: z.array(z.number()) }),
  objective: z.record(z.string(), z.union([z.number(), z.array(z.number())])),
});

export function checkpointFolder(runFolder: string, step: number): string {
  return path.join(runFolder, 'checkpoints', String(step));
}

/** Steps of the whole checkpoints in a run's folder, ascending; one that is half written has another name until it is whole. */
export async function checkpointSteps(runFolder: string): Promise<number[]> {
  const names = await fs.readdir(path.join(runFolder, 'checkpoints')).catch(() => []);
  return names
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/**
 * Where the run stood, as its checkpoint says.
 * @throws WorkbenchError `corrupt` naming the file, when it says anything else than what a checkpoint of this step says.
 */
export async function readState(runFolder: string, step: number): Promise<TrainingState> {
  const file = path.join(checkpointFolder(runFolder, step), stateFile);
  const state = await readAs(file, stateSchema);
  if (state.step === step) return state;
  throw damaged(file, `it is of step ${state.step}`);
}

/**
 * Compares every file of a checkpoint with what was recorded when it was written: the weights with the sum in the run's record,
 * everything with the sums in the folder. Checkpoints of before the sums are held to the former and to their state alone.
 * @throws WorkbenchError `corrupt` naming the file.
 */
export async function verifyCheckpoint(runFolder: string, step: number, recorded: string | null): Promise<void> {
  const folder = checkpointFolder(runFolder, step);
  await readState(runFolder, step);
  const names = await fs.readdir(folder);
  const sums = names.includes(sumsFile) ? await readAs(path.join(folder, sumsFile), sumsSchema) : null;
  const found: Record<string, string> = {};
  for (const name of names.filter((one) => one !== sumsFile)) found[name] = await hashFile(path.join(folder, name));
  for (const [name, sum] of Object.entries(sums ?? {})) {
    if (found[name] === undefined) throw damaged(path.join(folder, name), 'it is missing');
    if (found[name] !== sum) throw damaged(path.join(folder, name), 'its sha256 does not match what was recorded');
  }
  const weights = Object.entries(found).filter(([name]) => isWeights(name));
  if (recorded !== null && hashOfFiles(Object.fromEntries(weights)) !== recorded) {
    const file = path.join(folder, weights.map(([name]) => name).join(', ') || 'model.safetensors');
    throw damaged(file, weights.length === 0 ? 'it is missing' : 'its sha256 does not match what was recorded');
  }
  if (found[optimizerFile] === undefined) throw damaged(path.join(folder, optimizerFile), 'it is missing');
}

/** Where a run can continue: a checkpoint, or its start. */
export interface ResumePoint {
  step: number | null;
  /** What was wrong with newer checkpoints, in sentences. */
  damages: string[];
}

/**
 * The newest checkpoint that the record knows (its weights' sums by step) and that is as it was written. One that the record does not
 * know was never announced: steps or evaluations before it may be missing, so it is trained again. One that is damaged is passed over.
 */
export async function newestWhole(
  runFolder: string,
  recorded: ReadonlyMap<number, string | null>,
): Promise<ResumePoint> {
  const damages: string[] = [];
  for (const step of (await checkpointSteps(runFolder)).reverse()) {
    const sha256 = recorded.get(step);
    if (sha256 === undefined) continue;
    try {
      await verifyCheckpoint(runFolder, step, sha256);
      return { step, damages };
    } catch (error) {
      if (!(error instanceof WorkbenchError) || error.code !== 'corrupt') throw error;
      damages.push(error.message);
    }
  }
  return { step: null, damages };
}

/** Where the run continues, for whoever reads of the damage. */
export function goesOnFrom(step: number | null): string {
  return step === null ? 'The run starts over from step 0.' : `The run continues from the checkpoint of step ${step}.`;
}

/** SHA-256 of a folder's weights as a checkpoint's record has it. */
export async function hashWeights(folder: string): Promise<string> {
  const names = (await fs.readdir(folder)).filter(isWeights);
  const sums = await Promise.all(names.map(async (name) => [name, await hashFile(path.join(folder, name))] as const));
  return hashOfFiles(Object.fromEntries(sums));
}

function isWeights(name: string): boolean {
  return name.endsWith('.safetensors') && name !== optimizerFile;
}

async function readAs<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  const text = await fs.readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw damaged(file, 'it is missing');
    throw error;
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged(file, text === '' ? 'it is empty' : 'it is not whole JSON');
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const field = parsed.error.issues[0]?.path.join('.') ?? '';
  throw damaged(file, field === '' ? 'it holds something else' : `its field ${field} does not fit`);
}

function damaged(file: string, why: string): WorkbenchError {
  const shown = file.split(path.sep).slice(-3).join('/');
  return new WorkbenchError('corrupt', `${shown} is damaged: ${why}.`, {
    remedy: 'Use a checkpoint of another step, or resume the run: it continues from the one before.',
    place: { file },
  });
}
