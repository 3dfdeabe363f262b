import { readFile, stat } from 'node:fs/promises';
import { isPickledObject, readPickle } from './pickle.ts';
import type { Pickled } from './pickle.ts';

/** The settings that a trainer of transformers was started with, from its `training_args.bin`. */
export interface TrainingArgs {
  /** Module of the class, as `trl.trainer.dpo_config`: it tells whose trainer it was. */
  readonly module: string;
  /** Name of the class, as `DPOConfig`. */
  readonly name: string;
  number(field: string): number | null;
  text(field: string): string | null;
  flag(field: string): boolean | null;
}

const maxBytes = 16 * 2 ** 20;

/** Null where there is none, or none that can be read: the run is told by the rest of its folder then. */
export async function readTrainingArgs(file: string): Promise<TrainingArgs | null> {
  const size = await stat(file).then(
    (found) => found.size,
    () => null,
  );
  if (size === null || size > maxBytes) return null;
  try {
    const pickle = entryNamed(await readFile(file), 'data.pkl');
    return pickle === null ? null : argsOf(readPickle(pickle));
  } catch {
    return null;
  }
}

function argsOf(value: Pickled): TrainingArgs | null {
  if (!isPickledObject(value) || !(value.state instanceof Map)) return null;
  const { state } = value;
  const [module = '', name = ''] = value.class.split(' ');
  const field = (key: string) => plain(state.get(key) ?? null);
  return {
    module,
    name,
    number: (key) => typed(field(key), 'number'),
    text: (key) => typed(field(key), 'string'),
    flag: (key) => typed(field(key), 'boolean'),
  };
}

/** An enumeration’s member is its value; a list of one is its only member (`loss_type: ['sigmoid']`). */
function plain(value: Pickled): Pickled {
  if (isPickledObject(value)) return plain(value.args);
  return Array.isArray(value) && value.length === 1 ? plain(value[0] ?? null) : value;
}

function typed(value: Pickled, kind: 'number'): number | null;
function typed(value: Pickled, kind: 'string'): string | null;
function typed(value: Pickled, kind: 'boolean'): boolean | null;
function typed(value: Pickled, kind: string): Pickled {
  return typeof value === kind ? value : null;
}

const endOfDirectory = 0x06054b50;
const directoryEntry = 0x02014b50;
const stored = 0;

/** The bytes of a stored entry of a zip, which is how PyTorch keeps everything. */
function entryNamed(zip: Buffer, name: string): Buffer | null {
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || zip.readUInt32LE(end) !== endOfDirectory) return null;
  let at = zip.readUInt32LE(end + 16);
  while (at + 46 <= zip.length && zip.readUInt32LE(at) === directoryEntry) {
    const [nameLength, extra, comment] = [28, 30, 32].map((field) => zip.readUInt16LE(at + field));
    const entry = zip.toString('utf8', at + 46, at + 46 + (nameLength ?? 0));
    if (entry.split('/').at(-1) === name && zip.readUInt16LE(at + 10) === stored) {
      const header = zip.readUInt32LE(at + 42);
      const from = header + 30 + zip.readUInt16LE(header + 26) + zip.readUInt16LE(header + 28);
      return zip.subarray(from, from + zip.readUInt32LE(at + 24));
    }
    at += 46 + (nameLength ?? 0) + (extra ?? 0) + (comment ?? 0);
  }
  return null;
}
