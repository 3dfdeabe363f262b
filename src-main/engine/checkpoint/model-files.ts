import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ModelConfig } from '../models/causal-lm.ts';
import { readModelConfig } from '../models/families.ts';
import { expectedShapes } from '../models/parameters.ts';
import type { FolderReader } from '../ports.ts';
import { readTensorData, type TensorEntry } from './safetensors.ts';
import { readWeightIndex } from './weight-index.ts';

/** config.json, with the stop tokens of generation_config.json if there is one. */
export async function loadModelConfig(reader: FolderReader): Promise<ModelConfig> {
  const files = await reader.list();
  if (!files.includes('config.json')) {
    throw new WorkbenchError('not-found', `${reader.label} holds no config.json`, {
      remedy: 'Choose the folder that save_pretrained wrote.',
      place: { file: 'config.json' },
    });
  }
  const stated = readModelConfig(await readJson(reader, 'config.json'), `${reader.label}/config.json`);
  const config = (await hasTwoHeads(reader, stated)) ? untied(stated) : stated;
  if (!files.includes('generation_config.json')) return config;
  const generation = (await readJson(reader, 'generation_config.json')) as { eos_token_id?: unknown } | null;
  const more = [generation?.eos_token_id].flat().filter((id): id is number => Number.isInteger(id));
  return { ...config, eosTokenIds: [...new Set([...config.eosTokenIds, ...more])] };
}

/** The file entry of every weight the configuration asks for, under the name the decoder uses. */
export async function locateWeights(reader: FolderReader, config: ModelConfig): Promise<Map<string, TensorEntry>> {
  const found = await readWeightIndex(reader);
  const entries = new Map<string, TensorEntry>();
  for (const [name, shape] of expectedShapes(config)) {
    const entry = entryOf(found, name);
    if (entry === undefined) {
      throw new WorkbenchError(
        'bad-input',
        `${reader.label}: the weight ${name} of a ${config.family} model is missing`,
        {
          remedy: 'The weights do not belong to this config.json, or a file is missing.',
          place: { field: name },
        },
      );
    }
    if (entry.shape.join() !== shape.join()) {
      throw new WorkbenchError(
        'bad-input',
        `${reader.label}/${entry.file}: ${name} has the shape [${entry.shape.join(', ')}], config.json asks for [${shape.join(', ')}]`,
        { place: { file: entry.file, field: name } },
      );
    }
    requireFloats(reader, entry);
    entries.set(name, entry);
  }
  return entries;
}

function entryOf(found: ReadonlyMap<string, TensorEntry>, name: string): TensorEntry | undefined {
  return found.get(name) ?? found.get(withoutPrefix(name));
}

/** Bare base models (GPT-2 as first published) leave out the outer module's name. */
function withoutPrefix(name: string): string {
  return name.slice(name.indexOf('.') + 1);
}

const pieceBytes = 1 << 22;

/**
 * Whether the files hold a head and an embedding that differ although config.json says that they are one weight. transformers 5 then uses
 * both, and so does the workbench; which of the two another reader uses cannot be told from the configuration alone.
 */
async function hasTwoHeads(reader: FolderReader, config: ModelConfig): Promise<boolean> {
  const { head, names } = config.architecture;
  if (!config.tiedHead || head.kind !== 'language-model') return false;
  const files = await reader.list();
  if (!files.some((file) => /^model\.safetensors(\.index\.json)?$/.test(file))) return false;
  const found = await readWeightIndex(reader);
  const own = entryOf(found, `${names.head}.weight`);
  const embedding = entryOf(found, `${names.embedding}.weight`);
  return own !== undefined && embedding !== undefined && !(await holdTheSame(reader, own, embedding));
}

function untied(config: ModelConfig): ModelConfig {
  return readModelConfig({ ...config.source, tie_word_embeddings: false });
}

async function holdTheSame(reader: FolderReader, one: TensorEntry, other: TensorEntry): Promise<boolean> {
  if (one.shape.join() !== other.shape.join()) return false;
  if (one.dtype !== other.dtype) {
    const [left, right] = [await readTensorData(reader, one), await readTensorData(reader, other)];
    return left.every((value, i) => value === right[i]);
  }
  for (let done = 0; done < one.byteLength; done += pieceBytes) {
    const length = Math.min(pieceBytes, one.byteLength - done);
    const left = await reader.readBytes(one.file, one.offset + done, length);
    const right = await reader.readBytes(other.file, other.offset + done, length);
    if (left.some((byte, i) => byte !== right[i])) return false;
  }
  return true;
}

/**
 * Checks that a folder can be loaded, from its configuration and the headers of its weights; throws what loading it would. The messages say
 * where the folder does not match its configuration.
 */
export async function checkModelFiles(
  reader: FolderReader,
): Promise<{ config: ModelConfig; parameters: number; notes: string[] }> {
  const config = await loadModelConfig(reader);
  const weights = await locateWeights(reader, config);
  const { head, names } = config.architecture;
  const stated = readModelConfig(await readJson(reader, 'config.json'), `${reader.label}/config.json`);
  const notes = [...(stated.tiedHead && !config.tiedHead ? [twoHeadsNote(names.head)] : [])];
  if (config.tiedHead && head.kind === 'language-model' && (await readWeightIndex(reader)).has(`${names.head}.weight`))
    notes.push(secondCopyNote(names.head));
  const files = await reader.list();
  if (files.includes('tokenizer.json')) {
    const beyond = tokensBeyond(await readJson(reader, 'tokenizer.json'), config.vocabSize);
    if (beyond.length > 0) notes.push(beyondNote(beyond, config.vocabSize));
  } else notes.push(withoutTokenizerNote('The folder', files));
  return { config, parameters: numbersIn(weights.values()), notes };
}

/** What the model computes with: neither buffers, nor a second copy of a weight, which files may hold too. */
function numbersIn(weights: Iterable<TensorEntry>): number {
  return [...weights].reduce((sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1), 0);
}

function secondCopyNote(head: string): string {
  return `The files hold ${head}.weight too, equal to the embedding that config.json ties it to (tie_word_embeddings): the two are one weight, and counted once.`;
}

/** How the tokenizer of a model comes by the one form that is read. */
export const tokenizerRemedy =
  'Save it with transformers: AutoTokenizer.from_pretrained(folder, use_fast=True).save_pretrained(folder).';

/** Files that other libraries read a tokenizer from: transformers makes a tokenizer.json of them. */
const otherTokenizers =
  /^(tokenizer\.model|spiece\.model|sentencepiece.*\.model|vocab\.(json|txt)|.*\.tiktoken|tekken\.json)$/;

/** What `what`, whose files these are, cannot be used for without a tokenizer, and what to do. */
export function withoutTokenizerNote(what: string, files: readonly string[]): string {
  const other = files.find((file) => otherTokenizers.test(file));
  const instead = other === undefined ? '' : ` (${other} is not read)`;
  const remedy =
    other === undefined ? `Copy it from the model that this one was made of. ${tokenizerRemedy}` : tokenizerRemedy;
  return `${what} holds no tokenizer.json${instead}: texts cannot be turned into tokens, so the model can be neither evaluated nor trained. ${remedy}`;
}

function twoHeadsNote(head: string): string {
  return `config.json says that head and embedding are one weight (tie_word_embeddings), but the files hold two that differ: ${head}.weight is used, as in transformers.`;
}

const namedTokens = 8;

function beyondNote(beyond: readonly BeyondToken[], rows: number): string {
  const some = beyond.slice(0, namedTokens).map(({ text, id }) => `“${text}” (${id})`);
  const rest = beyond.length > namedTokens ? ` and ${beyond.length - namedTokens} more` : '';
  return `The tokenizer has tokens beyond the ${rows} rows of the embedding: ${some.join(', ')}${rest}. Texts that hold one are refused; resize_token_embeddings makes room for them.`;
}

interface BeyondToken {
  text: string;
  id: number;
}

/** Tokens of tokenizer.json whose id has no row in an embedding of `rows`, in order of ids. */
export function tokensBeyond(tokenizer: unknown, rows: number): BeyondToken[] {
  const { added_tokens: added, model } = (tokenizer ?? {}) as Record<string, unknown>;
  const vocabulary = (model as { vocab?: unknown } | undefined)?.vocab;
  const tokens = new Map<number, string>();
  const note = (id: unknown, text: unknown) => {
    if (typeof id === 'number' && id >= rows) tokens.set(id, String(text));
  };
  if (Array.isArray(vocabulary))
    vocabulary.slice(rows).forEach((entry: unknown, i) => note(rows + i, [entry].flat()[0]));
  else for (const [text, id] of Object.entries((vocabulary ?? {}) as Record<string, unknown>)) note(id, text);
  for (const token of Array.isArray(added) ? (added as Record<string, unknown>[]) : [])
    note(token['id'], token['content']);
  return [...tokens].sort(([a], [b]) => a - b).map(([id, text]) => ({ text, id }));
}

function requireFloats(reader: FolderReader, { name, file, dtype }: TensorEntry): void {
  if (dtype === 'F32' || dtype === 'F16' || dtype === 'BF16') return;
  throw new WorkbenchError('unsupported', `${reader.label}/${file}: tensor ${name} has the type ${dtype}`, {
    remedy: 'Weights may be F32, F16 or BF16.',
    place: { file, field: name },
  });
}

export async function readJson(reader: FolderReader, file: string): Promise<unknown> {
  const text = await reader.readText(file);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WorkbenchError('bad-input', `${reader.label}/${file} is not JSON`, {
      remedy: 'Copy or download the file again.',
      place: { file },
      cause,
    });
  }
}
