import { open, readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { readTrainerState, stateFile, stateOf } from './trainer-state.ts';

/** A folder of weights at a step, whole as far as its files tell. */
export interface FoundCheckpoint {
  readonly step: number;
  readonly folder: string;
  readonly kind: 'full' | 'adapter';
  /** Names of the weight files in it. */
  readonly files: readonly string[];
  readonly sizeBytes: number;
  /** When the newest of its weights was written, ms since epoch. */
  readonly writtenAt: number;
}

/** What is there and cannot be taken, in a sentence. */
export interface Unusable {
  readonly folder: string;
  readonly step: number | null;
  readonly why: string;
  /** It may become whole: its trainer still writes it. */
  readonly half: boolean;
}

export interface Sighting {
  readonly checkpoints: readonly FoundCheckpoint[];
  readonly unusable: readonly Unusable[];
}

const adapterWeights = 'adapter_model.safetensors';
/** What transformers calls a checkpoint until it is whole, where it writes one under another name first. */
const draftName = /^tmp-checkpoint-\d+$/;
/** Where other trainers keep the weights of a step in Hugging Face’s form, below the folder that names the step. */
const nested = ['', 'huggingface', 'hf', 'actor/huggingface', 'actor/hf', 'policy', 'model'];

/** The checkpoints of a trainer’s output folder by step: `checkpoint-N`, and every other folder of weights whose name ends in a number. */
export async function findCheckpoints(output: string): Promise<Sighting> {
  const checkpoints = new Map<number, FoundCheckpoint>();
  const unusable: Unusable[] = [];
  const names = (await readdir(output, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const inOrder = names.map(({ name }) => name).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  for (const name of inOrder) {
    const step = stepOf(name);
    if (draftName.test(name)) {
      const why = `${name} is still being written, or a save that was cut off: it was left out.`;
      unusable.push({ folder: path.join(output, name), step, why, half: true });
      continue;
    }
    const looked = await lookFor(path.join(output, name), step, step !== null && /^checkpoint-\d+$/.test(name));
    if (looked === null) continue;
    if ('why' in looked) unusable.push(looked);
    else if (checkpoints.has(looked.step)) {
      const why = `${name} is of step ${looked.step}, as ${path.basename(checkpoints.get(looked.step)?.folder ?? '')} is: it was left out.`;
      unusable.push({ folder: looked.folder, step: looked.step, why, half: false });
    } else checkpoints.set(looked.step, looked);
  }
  await addFinal(output, checkpoints);
  return { checkpoints: [...checkpoints.values()].sort((a, b) => a.step - b.step), unusable };
}

/** Weights in the output folder itself, saved at the end: a checkpoint of the last step, where it has none. */
async function addFinal(output: string, checkpoints: Map<number, FoundCheckpoint>): Promise<void> {
  const state = await readTrainerState(output);
  if (state === null || state === 'half' || checkpoints.has(state.step) || state.step === 0) return;
  const final = await readCheckpoint(output, state.step);
  if (final !== null && !('why' in final)) checkpoints.set(state.step, final);
}

async function lookFor(
  folder: string,
  step: number | null,
  isTrainers: boolean,
): Promise<FoundCheckpoint | Unusable | null> {
  const name = path.basename(folder);
  for (const below of nested) {
    const found = await readCheckpoint(path.join(folder, below), step ?? 0);
    if (found === null) continue;
    if (step === null) {
      const why = `${name} holds weights, and its name says no step: it was left out.`;
      return { folder, step: null, why, half: false };
    }
    if (!isTrainers || 'why' in found) return found;
    const state = await stateOf(folder);
    return state === 'whole' ? found : { folder, step, why: whyWithoutState(found, folder, state), half: true };
  }
  if (!isTrainers) return step === null ? null : shardsAt(folder, step);
  const isEnded = (await stateOf(folder)) === 'whole';
  return { folder, step, why: `${name} ${await whyWithoutWeights(folder, isEnded)}`, half: !isEnded };
}

/** The trainer’s state is the last thing that it writes of a checkpoint; folders without one are other tools’. */
function whyWithoutState({ kind, folder: weights }: FoundCheckpoint, folder: string, state: 'cut' | 'missing'): string {
  const name = path.basename(folder);
  const [fault, lost] =
    state === 'missing'
      ? [`${name} has no ${stateFile}`, 'the file was lost']
      : [`The ${stateFile} of ${name} is cut off`, 'the file is damaged'];
  const asModel = `flipguard import model ${weights}${kind === 'adapter' ? ' --base NAME' : ''}`;
  return `${fault}, which its trainer writes last: the checkpoint is still being written, or ${lost}. It was left out. Import the run again once the file is whole, or the weights as a model: ${asModel}`;
}

/** A step of verl or OpenRLHF that was saved for going on with the training alone. */
async function shardsAt(folder: string, step: number): Promise<Unusable | null> {
  for (const below of ['', 'actor', 'policy', 'model']) {
    const names = await readdir(path.join(folder, below)).catch((): string[] => []);
    const wayOut = shardsOut.find(({ isShard }) => names.some((name) => isShard.test(name)))?.wayOut;
    if (wayOut !== undefined) return { folder, step, why: `${path.basename(folder)} ${wayOut}`, half: false };
  }
  return null;
}

const shardsOut = [
  {
    isShard: /^model_world_size_\d+_rank_\d+\.pt$/,
    wayOut:
      'holds FSDP’s shards only. Merge them (python -m verl.model_merger merge), or save Hugging Face’s form too: actor.checkpoint.save_contents with hf_model.',
  },
  {
    isShard: /^(mp_rank_\d+_model_states|(bf16_)?zero_pp_rank_.*_states)\.pt$/,
    wayOut:
      'holds DeepSpeed’s shards only. Gather them with zero_to_fp32.py, with --safe_serialization, or save with --save_hf_ckpt.',
  },
] as const;

async function whyWithoutWeights(folder: string, isEnded: boolean): Promise<string> {
  const names = await readdir(folder).catch((): string[] => []);
  if (names.some((name) => /^pytorch_model.*\.bin$|^adapter_model\.bin$/.test(name)))
    return 'holds PyTorch’s own weights (.bin), which are not read. Save with safetensors, as transformers does by default.';
  if (names.some((name) => /^global_step\d+$/.test(name)))
    return 'holds DeepSpeed’s shards only. Gather them with the zero_to_fp32.py that is in it, with --safe_serialization.';
  if (names.some((name) => name.startsWith('pytorch_model_fsdp') || name === '.metadata'))
    return 'holds FSDP’s shards only. Merge them: accelerate merge-weights.';
  return isEnded
    ? 'holds no weights: neither model.safetensors nor adapter_model.safetensors with its configuration is there.'
    : 'holds no weights yet.';
}

/** The number that a folder’s name ends in: `checkpoint-40`, `global_step_40`, `epoch3`, `step40_hf`, `40`. */
export function stepOf(name: string): number | null {
  const digits = /(\d{1,9})(?:[_-](?:hf|huggingface))?$/.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** The weights in a folder; null where it holds none in a form that is read. */
async function readCheckpoint(folder: string, step: number): Promise<FoundCheckpoint | Unusable | null> {
  const names = await readdir(folder).catch((): string[] => []);
  const isAdapter = names.includes('adapter_config.json') && names.includes(adapterWeights);
  if (!isAdapter && !names.includes('config.json')) return null;
  const files = isAdapter ? [adapterWeights] : names.filter((name) => /^model.*\.safetensors$/.test(name)).sort();
  const half = (why: string): Unusable => ({
    folder,
    step,
    why: `${path.basename(folder)} is still being written, or was cut off: ${why}`,
    half: true,
  });
  if (files.length === 0) return null;
  const missing = await missingShards(folder, names, files);
  if (missing !== null) return half(missing);
  let sizeBytes = 0;
  let writtenAt = 0;
  for (const name of files) {
    const file = path.join(folder, name);
    const found = await stat(file).catch(() => null);
    if (found === null || found.size !== (await wholeSize(file))) return half(`${name} is not whole.`);
    sizeBytes += found.size;
    writtenAt = Math.max(writtenAt, found.mtimeMs);
  }
  return { step, folder, kind: isAdapter ? 'adapter' : 'full', files, sizeBytes, writtenAt };
}

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

async function missingShards(
  folder: string,
  names: readonly string[],
  files: readonly string[],
): Promise<string | null> {
  const index = 'model.safetensors.index.json';
  const numbered = files.map((name) => /-of-(\d+)\.safetensors$/.exec(name)?.[1]).find((total) => total !== undefined);
  if (!names.includes(index)) {
    return numbered !== undefined && files.length < Number(numbered)
      ? `${files.length} of ${Number(numbered)} shards are there.`
      : null;
  }
  try {
    const { weight_map: map } = indexSchema.parse(JSON.parse(await readFile(path.join(folder, index), 'utf8')));
    const missing = [...new Set(Object.values(map))].find((name) => !files.includes(name));
    return missing === undefined ? null : `${missing} is not there.`;
  } catch {
    return `${index} is not whole.`;
  }
}

const headerSchema = z.record(z.string(), z.unknown());
const tensorSchema = z.object({ data_offsets: z.tuple([z.number(), z.number()]) });
const maxHeaderBytes = 100_000_000;

/** The size that a safetensors file says it has once it is whole; null where its header is not. */
async function wholeSize(file: string): Promise<number | null> {
  const handle = await open(file, 'r').catch(() => null);
  if (handle === null) return null;
  try {
    const length = Buffer.alloc(8);
    if ((await handle.read(length, 0, 8, 0)).bytesRead < 8) return null;
    const headerBytes = Number(length.readBigUInt64LE());
    if (headerBytes > maxHeaderBytes || headerBytes > (await handle.stat()).size) return null;
    const header = Buffer.alloc(headerBytes);
    await handle.read(header, 0, headerBytes, 8);
    const tensors = Object.entries(headerSchema.parse(JSON.parse(header.toString('utf8'))));
    const ends = tensors.filter(([name]) => name !== '__metadata__').map(([, tensor]) => tensorSchema.parse(tensor));
    return 8 + headerBytes + Math.max(0, ...ends.map(({ data_offsets: [, end] }) => end));
  } catch {
    return null;
  } finally {
    await handle.close();
  }
}
