import * as tf from '@tensorflow/tfjs-core';
import type { CausalLm, KeyValueCache } from '../models/causal-lm.ts';
import { createRandom } from '../random.ts';
import type { RandomStream } from '../ports.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { drawToken } from './next-token.ts';
import type { Drawing, Drawn } from './next-token.ts';

/** One requested continuation. */
export interface RowWish {
  readonly prompt: readonly number[];
  readonly drawing: Drawing;
  readonly seed: number;
  /** Which of several answers it is: each has its own stream of random numbers. */
  readonly stream: string;
  readonly maxNewTokens: number;
  readonly stop: readonly string[];
  /** How many of the likeliest tokens are reported at each place. */
  readonly top: number;
  /** Logits of the first token, if they are already known. */
  readonly first?: Float32Array;
  /** Whether anybody is still waiting for it. */
  wanted(): boolean;
  /** Called with each piece of text once it can no longer change. */
  onText?(text: string, tokens: readonly Drawn[]): void;
}

export interface RowAnswer {
  readonly tokens: readonly Drawn[];
  /** Without special tokens and without the stop string. */
  readonly text: string;
  /** `stop`: the end of the text, or a stop string. */
  readonly finish: 'stop' | 'length';
}

interface Row {
  readonly wish: RowWish;
  readonly random: RandomStream;
  readonly tokens: Drawn[];
  finish: RowAnswer['finish'] | null;
  /** The text so far, cut at a stop string, and how much of it has been reported. */
  text: string;
  told: number;
  untold: Drawn[];
}

/**
 * Continues prompts requested by different people, each with its own settings, in one batch. A row’s text depends on its own seed and
 * prompt alone (up to rounding in the matrix products).
 */
export async function decodeRows(
  model: CausalLm,
  tokenizer: Tokenizer,
  wishes: readonly RowWish[],
  breathe: () => Promise<void>,
): Promise<RowAnswer[]> {
  const rows = wishes.map(newRow);
  for (const row of rows)
    if (row.wish.first !== undefined && row.finish === null) take(row, row.wish.first, model, tokenizer);
  const open = rows.filter(({ finish }) => finish === null);
  if (open.length > 0) await decodeOpen(model, tokenizer, open, breathe);
  return rows.map((row) => ({ tokens: row.tokens, text: row.text, finish: row.finish ?? 'length' }));
}

function newRow(wish: RowWish): Row {
  const random = createRandom(wish.seed, `decode ${wish.stream}`);
  const finish = wish.maxNewTokens <= 0 ? 'length' : null;
  return { wish, random, tokens: [], finish, text: '', told: 0, untold: [] };
}

async function decodeOpen(
  model: CausalLm,
  tokenizer: Tokenizer,
  rows: readonly Row[],
  breathe: () => Promise<void>,
): Promise<void> {
  const begun = rows.map((row) => [...row.wish.prompt, ...row.tokens.map(({ id }) => id)]);
  const longest = Math.max(...begun.map(({ length }) => length));
  const padding = begun.map(({ length }) => longest - length);
  const most = Math.max(...rows.map(({ wish }) => wish.maxNewTokens));
  const cache = model.newCache(rows.length, Math.min(longest + most, model.config.maxPositions + longest), padding);
  try {
    let active = [...rows];
    let ids = begun.map((own, i) => [...new Array<number>(padding[i]!).fill(own[0]!), ...own]);
    while (active.length > 0) {
      const logits = await advance(model, cache, ids);
      active.forEach((row, i) => take(row, logits[i]!, model, tokenizer));
      await breathe();
      for (const row of active) if (row.finish === null && !row.wish.wanted()) row.finish = 'length';
      active = keepRunning(active, cache);
      ids = active.map((row) => [row.tokens.at(-1)!.id]);
    }
  } finally {
    cache.dispose();
  }
}

/** → logits of each row’s next token, one array per row. */
async function advance(
  model: CausalLm,
  cache: KeyValueCache,
  ids: readonly (readonly number[])[],
): Promise<Float32Array[]> {
  const logits = tf.tidy(() => {
    const shape: [number, number] = [ids.length, ids[0]!.length];
    return model.logits(model.step(tf.tensor2d(ids.flat(), shape, 'int32'), cache), shape[1] === 1 ? cache : undefined);
  });
  try {
    const data = (await logits.data()) as Float32Array;
    const vocab = logits.shape[1];
    return ids.map((_, row) => data.subarray(row * vocab, (row + 1) * vocab));
  } finally {
    logits.dispose();
  }
}

function keepRunning(active: readonly Row[], cache: KeyValueCache): Row[] {
  const places = active.flatMap((row, i) => (row.finish === null ? [i] : []));
  if (places.length < active.length && places.length > 0) tf.tidy(() => cache.select(tf.tensor1d(places, 'int32')));
  return places.map((i) => active[i]!);
}

function take(row: Row, logits: Float32Array, model: CausalLm, tokenizer: Tokenizer): void {
  const { wish } = row;
  const before = row.tokens.map(({ id }) => id);
  const drawn = drawToken(logits, wish.drawing, { random: row.random, before, top: wish.top });
  row.tokens.push(drawn);
  row.untold.push(drawn);
  if (model.config.eosTokenIds.includes(drawn.id)) row.finish = 'stop';
  else if (row.tokens.length >= wish.maxNewTokens) row.finish = 'length';
  else if (wish.prompt.length + row.tokens.length >= model.config.maxPositions) row.finish = 'length';
  // The text is read as a whole, since a token’s own text depends on its neighbours; only if somebody looks at it.
  if (row.finish === null && wish.onText === undefined && wish.stop.length === 0) return;
  const text = tokenizer.decode([...before, drawn.id]);
  const end = stopPosition(text, wish.stop);
  row.text = end === null ? text : text.slice(0, end);
  if (end !== null) row.finish = 'stop';
  tell(row);
}

/** Text is reported once nothing that follows can change it: no half character, no beginning of a stop string at its end. */
function tell(row: Row): void {
  const { wish, text, finish } = row;
  if (wish.onText === undefined) return;
  const sure = finish === null ? sureLength(text, wish.stop) : text.length;
  if (sure <= row.told && finish === null) return;
  wish.onText(text.slice(row.told, Math.max(sure, row.told)), row.untold);
  row.told = Math.max(sure, row.told);
  row.untold = [];
}

function sureLength(text: string, stop: readonly string[]): number {
  let sure = text.endsWith('\ufffd') ? text.length - 1 : text.length;
  for (const one of stop) {
    for (let length = Math.min(one.length - 1, text.length); length > 0; length--) {
      if (!text.endsWith(one.slice(0, length))) continue;
      sure = Math.min(sure, text.length - length);
      break;
    }
  }
  return sure;
}

function stopPosition(text: string, stop: readonly string[]): number | null {
  const places = stop
    .filter((one) => one !== '')
    .map((one) => text.indexOf(one))
    .filter((place) => place >= 0);
  return places.length === 0 ? null : Math.min(...places);
}
