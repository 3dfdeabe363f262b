import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { cp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { trainingFiles } from '../../trainer/checkpoint-folder.ts';
import type { Core } from '../core.ts';
import { findWeights, modelFolder, type Weights, weightsFolder } from '../models/weights.ts';
import { baseNameOf } from '../models/adapters.ts';
import type { Task } from '../supervision/task.ts';
import { inside } from '../workspace/inside.ts';
import { exportGguf } from './gguf-export.ts';
import type { GgufType } from './gguf-file.ts';
import { loadingLines, modelfile } from './loading.ts';
import { makeFolder } from '../../system/folders.ts';

export const weightFormats = ['safetensors', 'adapter', 'gguf'] as const;
export type WeightFormat = (typeof weightFormats)[number];

export interface WeightsOut {
  path: string;
  format: WeightFormat;
  files: { name: string; sizeBytes: number; sha256: string }[];
  /** One line a tool: how it loads what was written. */
  load: { tool: string; command: string }[];
}

export interface OutRequest {
  name: string;
  format: WeightFormat;
  /** Of the numbers in a GGUF file. */
  type: GgufType;
  out: string;
}

/** A model, a run or its checkpoint as files that other tools load, in a folder that is whole or not there. */
export async function exportWeights(
  core: Core,
  { name, format, type, out }: OutRequest,
  task: Task,
): Promise<WeightsOut> {
  if (await isThere(out)) {
    throw new WorkbenchError('conflict', `${out} already exists.`, { remedy: 'Name a folder that does not exist.' });
  }
  const weights = await findWeights(core, name);
  const source = format === 'adapter' ? adapterFolder(core, weights) : await weightsFolder(core, weights, task);
  const draft = `${out}.${process.pid}.tmp`;
  try {
    if (format === 'gguf') {
      await makeFolder(draft);
      const file = `${fileName(weights.label)}-${type}.gguf`;
      await exportGguf(source, path.join(draft, file), { name: weights.label, type }, task);
      await writeFile(path.join(draft, 'Modelfile'), await modelfile(source, file));
    } else {
      await cp(source, draft, { recursive: true, dereference: true, filter: (file) => !isTrainingState(file) });
    }
    if (format === 'adapter') await nameBase(draft, await baseNameOf(core, weights));
    await rename(draft, out);
  } catch (cause) {
    await rm(draft, { recursive: true, force: true });
    if (cause instanceof WorkbenchError) throw cause;
    throw new WorkbenchError('io', `${out} could not be written.`, { place: { file: out }, cause });
  }
  return { path: out, format, files: await filesOf(out), load: await loadingLines(out, format) };
}

function adapterFolder(core: Core, weights: Weights): string {
  if (weights.kind === 'checkpoint' && weights.checkpoint.kind === 'adapter') {
    return inside(core.layout.root, weights.checkpoint.path);
  }
  if (weights.kind === 'model' && weights.model.baseId !== undefined)
    return modelFolder(core.layout.root, weights.model);
  throw new WorkbenchError('bad-input', `${weights.label} is not an adapter: it holds full weights.`, {
    remedy: 'Export it with: flipguard export checkpoint NAME --format safetensors.',
  });
}

/** PEFT and vLLM open the base by the name that the adapter gives: the Hub's where it came from there, else its folder. */
async function nameBase(folder: string, base: string): Promise<void> {
  const file = path.join(folder, 'adapter_config.json');
  const config = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  await writeFile(file, `${JSON.stringify({ ...config, base_model_name_or_path: base }, null, 2)}\n`);
}

async function filesOf(folder: string): Promise<WeightsOut['files']> {
  const names = (await readdir(folder)).sort();
  const found = await Promise.all(
    names.map(async (name) => {
      const file = path.join(folder, name);
      const { size } = await stat(file);
      return { name, sizeBytes: size, sha256: await sha256Of(file) };
    }),
  );
  return found;
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/** A label as part of a file's name: `tiny@20` as `tiny-20`. */
function fileName(label: string): string {
  return label.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[.-]+/, '') || 'model';
}

function isTrainingState(file: string): boolean {
  return trainingFiles.includes(path.basename(file));
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
