import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { adapterConfigFile, adapterWeightsFile } from '../../engine/checkpoint/peft-config.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Task } from '../supervision/task.ts';
import { throwIfCancelled } from '../supervision/task.ts';

const configSchema = z.object({ model_type: z.string().min(1) });

/** The `model_type` that a folder's config.json names. */
export async function familyOf(folder: string): Promise<string> {
  const file = path.join(folder, 'config.json');
  const refused = (why: string, cause: unknown, field?: string): WorkbenchError =>
    new WorkbenchError('bad-input', `${folder} is not a Hugging Face model folder: ${why}.`, {
      remedy: 'Give the folder that holds config.json, model.safetensors and tokenizer.json.',
      place: { file, ...(field === undefined ? {} : { field }) },
      cause,
    });
  const text = await readFile(file, 'utf8').catch(async (cause: unknown) => {
    const isThere = await stat(folder).catch(() => null);
    throw refused(isThere === null ? 'there is no such folder' : 'config.json cannot be read in it', cause);
  });
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (cause) {
    throw refused('its config.json is not JSON', cause);
  }
  const parsed = configSchema.safeParse(config);
  if (!parsed.success) throw refused('config.json does not name a model_type', parsed.error, 'model_type');
  return parsed.data.model_type;
}

/** Names of an adapter's files. */
export async function adapterFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return [adapterConfigFile, adapterWeightsFile].filter((name) => names.includes(name));
}

/** Names of a model's safetensors files, in order. */
export async function weightFiles(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => /^model.*\.safetensors$/.test(name)).sort();
  if (names.length > 0) return names;
  throw new WorkbenchError('bad-input', `${folder} holds no model.safetensors.`, {
    remedy: 'Save the model with safe_serialization=True (transformers does so by default).',
  });
}

const tensorSchema = z.object({ shape: z.array(z.number().int().min(0)).max(16) });
const maxHeaderBytes = 100_000_000;

/** Counts a safetensors file's numbers from its header: 8 bytes of length (little-endian), then JSON. */
export async function parametersIn(file: string): Promise<number> {
  const handle = await open(file, 'r');
  try {
    const length = Buffer.alloc(8);
    await handle.read(length, 0, 8, 0);
    const headerBytes = Number(length.readBigUInt64LE());
    if (headerBytes > maxHeaderBytes || headerBytes > (await handle.stat()).size) throw notSafetensors(file);
    const header = Buffer.alloc(headerBytes);
    await handle.read(header, 0, headerBytes, 8);
    return countNumbers(file, header.toString('utf8'));
  } finally {
    await handle.close();
  }
}

function countNumbers(file: string, header: string): number {
  try {
    const tensors = z.record(z.string(), z.unknown()).parse(JSON.parse(header));
    const shapes = Object.entries(tensors)
      .filter(([name]) => name !== '__metadata__')
      .map(([, tensor]) => tensorSchema.parse(tensor).shape);
    return shapes.reduce((sum, shape) => sum + shape.reduce((product, side) => product * side, 1), 0);
  } catch {
    throw notSafetensors(file);
  }
}

function notSafetensors(file: string): WorkbenchError {
  return new WorkbenchError('corrupt', `${file} is not a whole safetensors file.`, {
    remedy: 'Download it again; a download may have been cut short.',
    place: { file },
  });
}

/** One SHA-256 for files of a model, by name and SHA-256 of each, as the model's record has it. */
export async function hashModelFiles(folder: string, names: readonly string[], task: Task): Promise<string> {
  const hash = createHash('sha256');
  for (const [i, name] of names.entries()) {
    hash.update(`${name}\n${await sha256Of(path.join(folder, name), task)}\n`);
    task.progress('hashing weights', (i + 1) / names.length);
  }
  return hash.digest('hex');
}

/** In hex; ends when the task is cancelled. */
async function sha256Of(file: string, task: Task): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
    throwIfCancelled(task);
    hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
