/**
 * Decoding with the key/value cache against recomputing the whole sequence for every token: stories15M, 128 new tokens, greedy.
 *
 *   node test/bench/decode.ts [batch sizes…]
 */
import { performance } from 'node:perf_hooks';
import * as tf from '@tensorflow/tfjs-core';
import { loadModel } from '../../src-main/engine/checkpoint/load-model.ts';
import { generate } from '../../src-main/engine/decode/generate.ts';
import type { CausalLm } from '../../src-main/engine/models/causal-lm.ts';
import { loadTokenizer } from '../../src-main/engine/tokenizer/tokenizer.ts';
import { openFolder } from '../../src-main/trainer/node-folders.ts';
import { openTestBackend } from '../helpers/backend.ts';
import { findStories15m } from '../helpers/stories15m.ts';

const newTokens = 128;
const backend = await openTestBackend();
const stories = await findStories15m();
if (stories.folder === null) throw new Error(stories.reason);
const model = await loadModel(openFolder(stories.folder), { trainable: false });
// No row may end early: the work is the same for both sides.
model.config.eosTokenIds.length = 0;
const tokenizer = await loadTokenizer(openFolder(stories.folder));
const prompt = tokenizer.encode('Once upon a time, there was a little girl named Lily.');
console.log(`${backend.name}, ${backend.device}; prompt of ${prompt.length} tokens, ${newTokens} new ones`);

for (const batch of process.argv.slice(2).length > 0 ? process.argv.slice(2).map(Number) : [1, 8, 32, 64]) {
  const prompts = new Array<number[]>(batch).fill(prompt);
  const settings = { temperature: 0, maxNewTokens: newTokens, seed: 0 };
  await generate(model, tokenizer, prompts, { ...settings, maxNewTokens: 4 });
  const cached = await measure(() => generate(model, tokenizer, prompts, settings, { batchSize: batch }));
  const recomputed = await measure(() => recompute(model, prompts));
  const told = ({ seconds, cpuSeconds }: Measured) =>
    `${seconds.toFixed(2)} s (${((batch * newTokens) / seconds).toFixed(0)} tokens/s, ${cpuSeconds.toFixed(2)} s of processor time)`;
  console.log(
    `batch ${batch}: cache ${told(cached)}, recomputed ${told(recomputed)}, ` +
      `ratio ${(recomputed.seconds / cached.seconds).toFixed(1)} (${(recomputed.cpuSeconds / cached.cpuSeconds).toFixed(1)} of processor time)`,
  );
}

interface Measured {
  seconds: number;
  /** Of all threads; unlike the clock it says little of what else the machine does. */
  cpuSeconds: number;
}

async function measure(work: () => Promise<unknown>): Promise<Measured> {
  const [start, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 };
}

/** Greedy decoding with a whole forward pass a token; the head at the last position only. */
async function recompute(lm: CausalLm, prompts: readonly number[][]): Promise<void> {
  let rows = prompts.map((ids) => [...ids]);
  for (let n = 0; n < newTokens; n++) {
    const time = rows[0]!.length;
    const next = tf.tidy(() => {
      const lengths = rows.map(() => time);
      const hidden = lm.hiddenStates(tf.tensor2d(rows, [rows.length, time], 'int32'), lengths);
      const last = tf.slice(hidden, [0, time - 1, 0], [rows.length, 1, lm.config.dim]);
      return tf.argMax(lm.logits(tf.reshape(last, [rows.length, lm.config.dim])), 1);
    });
    const ids = await next.data();
    next.dispose();
    rows = rows.map((row, i) => [...row, ids[i]!]);
  }
}
