import * as tf from '@tensorflow/tfjs-core';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { DecodingSettings } from '../../shared/domain/evaluations.ts';
import type { CausalLm, KeyValueCache } from '../models/causal-lm.ts';
import { createRandom } from '../random.ts';
import type { NativeOps, RandomStream } from '../ports.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { CompiledSteps } from './compiled-steps.ts';
import { pickTokens, type Picked } from './pick-tokens.ts';

export interface Generation {
  /** The new tokens; the last one is the end-of-text token where that stopped it. */
  ids: number[];
  /** The new tokens as text, without special tokens and without the stop string. */
  text: string;
  /** log p(token | everything before it) under the model itself, in nats: no temperature, no cut. One per token of `ids`. */
  logProbs: number[];
  /** Why it ended. */
  stopped: 'end' | 'stop' | 'length';
}

export interface GenerateOptions {
  /** Rows decoded together; by default as many as pay off and fit into the cache. */
  batchSize?: number;
  /** Prompts finished, out of the total; awaited before the next ones start. */
  onProgress?: (done: number, total: number) => unknown;
  signal?: Cancellation;
  /** If they can compile, steps of long answers are one operation each. */
  ops?: NativeOps | undefined;
  /** The number of new tokens from which compiling pays; for tests. */
  compileFrom?: number;
}

/** The part of an AbortSignal that the engine uses. */
export interface Cancellation {
  readonly aborted: boolean;
}

/** A step reads every weight once however many rows it has; beyond this many, little is gained. */
const mostRows = 64;
const leastRows = 8;
/** Compiling a form costs about as much as this many steps of a small model. */
const compiledFrom = 32;
/** The keys and values of a batch take about this many bytes. */
const cacheBytes = 2 ** 30;

/**
 * Continues prompts of token ids with a key/value cache. Rows are independent: the same prompt, seed and index in the list give the same
 * text whatever else is in the batch (up to rounding in the matrix products). Rows that have ended leave the batch. No row grows past the
 * model's positions: one that reaches them stops with `length`.
 */
export async function generate(
  model: CausalLm,
  tokenizer: Pick<Tokenizer, 'decode'>,
  prompts: readonly (readonly number[])[],
  settings: DecodingSettings,
  options: GenerateOptions = {},
): Promise<Generation[]> {
  prompts.forEach((prompt, index) => checkPrompt(prompt, index, model.config.maxPositions));
  const results = new Array<Generation>(prompts.length);
  let done = 0;
  const longest = prompts.reduce((most, prompt) => Math.max(most, prompt.length), 0);
  const size = options.batchSize ?? usualBatchSize(model.config, longest + settings.maxNewTokens);
  for (const indices of batchesByLength(prompts, size)) {
    const rows = indices.map((index) => newRow(index, prompts[index]!, settings));
    await decodeBatch(model, tokenizer, rows, settings, options);
    for (const row of rows) results[row.index] = finished(row, tokenizer, settings);
    done += rows.length;
    await options.onProgress?.(done, prompts.length);
  }
  return results;
}

function usualBatchSize({ layers, kvHeads, headDim }: CausalLm['config'], positions: number): number {
  const rowBytes = 2 * layers * kvHeads * headDim * Math.max(1, positions) * Float32Array.BYTES_PER_ELEMENT;
  return Math.max(leastRows, Math.min(mostRows, Math.floor(cacheBytes / rowBytes)));
}

interface Row {
  index: number;
  prompt: readonly number[];
  random: RandomStream;
  ids: number[];
  logProbs: number[];
  stopped: Generation['stopped'] | null;
}

function newRow(index: number, prompt: readonly number[], settings: DecodingSettings): Row {
  return {
    index,
    prompt,
    random: createRandom(settings.seed, `decode ${index}`),
    ids: [],
    logProbs: [],
    stopped: null,
  };
}

/** Longest first, so that prompts of similar length share a batch with little padding. */
function batchesByLength(prompts: readonly (readonly number[])[], size: number): number[][] {
  const order = prompts.map((_, index) => index).sort((a, b) => prompts[b]!.length - prompts[a]!.length || a - b);
  const batches: number[][] = [];
  for (let start = 0; start < order.length; start += size) batches.push(order.slice(start, start + size));
  return batches;
}

async function decodeBatch(
  model: CausalLm,
  tokenizer: Pick<Tokenizer, 'decode'>,
  rows: readonly Row[],
  settings: DecodingSettings,
  { signal, ops, compileFrom = compiledFrom }: GenerateOptions,
): Promise<void> {
  if (settings.maxNewTokens <= 0) return;
  const longest = Math.max(...rows.map((row) => row.prompt.length));
  const maxTime = Math.min(longest + settings.maxNewTokens, model.config.maxPositions + longest);
  const padding = rows.map((row) => longest - row.prompt.length);
  const cache = model.newCache(rows.length, maxTime, padding);
  const uniforms = (active: readonly Row[]) => active.map((row) => (settings.temperature > 0 ? row.random.next() : 0));
  let compiled: CompiledSteps | null = null;
  try {
    let active = [...rows];
    let ids = rows.map((row, i) => [...new Array<number>(padding[i]!).fill(row.prompt[0]!), ...row.prompt]);
    while (active.length > 0) {
      if (signal?.aborted === true) throw new WorkbenchError('cancelled', 'Decoding was cancelled.');
      const picked: Picked[] =
        compiled === null
          ? await pickTokens(advance(model, cache, ids), settings, uniforms(active))
          : await compiled.next(ids.flat(), uniforms(active));
      const isFirst: boolean = active[0]!.ids.length === 0;
      active.forEach((row, i) => append(row, picked[i]!, model, tokenizer, settings));
      if (isFirst && settings.maxNewTokens >= compileFrom) {
        compiled = CompiledSteps.from(model, cache, padding, settings, ops);
        // It has its own copy of what it took over.
        if (compiled !== null) cache.dispose();
      }
      active = keepRunning(active, compiled ?? cache);
      ids = active.map((row) => [row.ids.at(-1)!]);
    }
  } finally {
    compiled?.dispose();
    cache.dispose();
  }
}

/** → logits of each row's next token [rows, vocab] */
function advance(model: CausalLm, cache: KeyValueCache, ids: readonly number[][]): tf.Tensor2D {
  return tf.tidy(() => {
    const shape: [number, number] = [ids.length, ids[0]!.length];
    return model.logits(model.step(tf.tensor2d(ids.flat(), shape, 'int32'), cache), shape[1] === 1 ? cache : undefined);
  });
}

function append(
  row: Row,
  picked: Picked,
  model: CausalLm,
  tokenizer: Pick<Tokenizer, 'decode'>,
  settings: DecodingSettings,
): void {
  row.ids.push(picked.token);
  row.logProbs.push(picked.logProb);
  if (model.config.eosTokenIds.includes(picked.token)) row.stopped = 'end';
  else if (stopPosition(tokenizer.decode, row.ids, settings.stop) !== null) row.stopped = 'stop';
  else if (row.ids.length >= settings.maxNewTokens) row.stopped = 'length';
  else if (row.prompt.length + row.ids.length >= model.config.maxPositions) row.stopped = 'length';
}

/** Where the earliest stop string starts in the text so far; null when there is none. */
function stopPosition(
  decode: Tokenizer['decode'],
  ids: readonly number[],
  stop: readonly string[] = [],
): number | null {
  const wanted = stop.filter((text) => text !== '');
  if (wanted.length === 0) return null;
  const text = decode(ids);
  const places = wanted.map((text_) => text.indexOf(text_)).filter((place) => place >= 0);
  return places.length === 0 ? null : Math.min(...places);
}

function keepRunning(active: Row[], cache: KeyValueCache | CompiledSteps): Row[] {
  const places = active.flatMap((row, i) => (row.stopped === null ? [i] : []));
  if (places.length < active.length && places.length > 0) {
    if (cache instanceof CompiledSteps) cache.keep(places);
    else tf.tidy(() => cache.select(tf.tensor1d(places, 'int32')));
  }
  return places.map((i) => active[i]!);
}

function finished(row: Row, tokenizer: Pick<Tokenizer, 'decode'>, settings: DecodingSettings): Generation {
  const text = tokenizer.decode(row.ids);
  const end = row.stopped === 'stop' ? stopPosition(tokenizer.decode, row.ids, settings.stop) : null;
  return {
    ids: row.ids,
    text: end === null ? text : text.slice(0, end),
    logProbs: row.logProbs,
    stopped: row.stopped ?? 'length',
  };
}

function checkPrompt(prompt: readonly number[], index: number, maxPositions: number): void {
  if (prompt.length === 0) {
    throw new WorkbenchError('bad-input', `prompt ${index + 1} has no tokens`, {
      remedy: 'Start it with the BOS token at least.',
    });
  }
  if (prompt.length >= maxPositions) {
    throw new WorkbenchError(
      'bad-input',
      `prompt ${index + 1} has ${prompt.length} tokens, and the model has room for ${maxPositions} with the answer`,
      { remedy: 'Shorten the prompt or choose a model with a longer context.' },
    );
  }
}
