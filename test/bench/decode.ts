/**
 * Decoding with the key/value cache, compiled and operation by operation, in turn; with `--recompute`, against a whole pass for every
 * token too.
 *
 *   node test/bench/decode.ts [--size 260K] [--tokens 128] [--rounds 3] [--temperature 0] [--recompute] [batch sizes…]
 */
import os from 'node:os';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { nativeOps } from '../../src-main/backends/index.ts';
import { loadModel } from '../../src-main/engine/checkpoint/load-model.ts';
import { generate } from '../../src-main/engine/decode/generate.ts';
import type { CausalLm } from '../../src-main/engine/models/causal-lm.ts';
import { medianOf } from '../../src-main/shared/domain/benchmark.ts';
import { loadTokenizer } from '../../src-main/engine/tokenizer/tokenizer.ts';
import { setThreadsFor } from '../../src-main/trainer/model-work.ts';
import { openFolder } from '../../src-main/trainer/node-folders.ts';
import { openTestBackend } from '../helpers/backend.ts';
import { findStories15m } from '../helpers/stories15m.ts';
import { stories260k } from '../helpers/trl-golden.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '15M' },
    tokens: { type: 'string', default: '128' },
    rounds: { type: 'string', default: '3' },
    temperature: { type: 'string', default: '0' },
    recompute: { type: 'boolean', default: false },
  },
});
const newTokens = Number(options.tokens);
const modelPath = await folderOf(options.size);
// As the child process that samples from this model.
await setThreadsFor({
  ...{ kind: 'sample', modelPath, prompts: [], samplesPerPrompt: 1 },
  decoding: { temperature: 0, maxNewTokens: newTokens, seed: 0 },
});
const backend = await openTestBackend();
const model = await loadModel(openFolder(modelPath), { trainable: false });
// No row may end early: the work is the same for all sides.
model.config.eosTokenIds.length = 0;
const tokenizer = await loadTokenizer(openFolder(modelPath));
const prompt = tokenizer.encode('Once upon a time, there was a little girl named Lily.');
console.log(
  `${backend.name}, ${backend.device}, stories${options.size}; prompt of ${prompt.length} tokens, ${newTokens} new ones`,
);

for (const batch of positionals.length > 0 ? positionals.map(Number) : [1, 8, 32]) {
  const prompts = new Array<number[]>(batch).fill(prompt);
  const settings = { temperature: Number(options.temperature), maxNewTokens: newTokens, seed: 0 };
  const sides: Record<string, () => Promise<unknown>> = {
    compiled: () => generate(model, tokenizer, prompts, settings, { batchSize: batch, ops: nativeOps() }),
    'operation by operation': () => generate(model, tokenizer, prompts, settings, { batchSize: batch }),
    ...(options.recompute ? { recomputed: () => recompute(model, prompts) } : {}),
  };
  const measured = new Map(Object.keys(sides).map((name) => [name, [] as Measured[]]));
  // The first round compiles, and is not counted.
  for (let round = 0; round <= Number(options.rounds); round++) {
    for (const [name, work] of Object.entries(sides)) {
      const one = await measure(work);
      if (round > 0) measured.get(name)!.push(one);
    }
  }
  const of = (name: string, field: keyof Measured) => medianOf(measured.get(name)!.map((one) => one[field]));
  for (const name of measured.keys()) {
    const rate = (field: keyof Measured) => ((batch * newTokens) / of(name, field)).toFixed(0);
    const ratio = (field: keyof Measured) => (of(name, field) / of('compiled', field)).toFixed(2);
    console.log(
      `batch ${batch}, ${name.padEnd(22)} ${rate('seconds')} tokens/s, ${rate('cpuSeconds')} per processor second; ` +
        `${ratio('seconds')}× the time of compiled, ${ratio('cpuSeconds')}× by processor time`,
    );
  }
}
console.log(`load of the machine: ${os.loadavg()[0]!.toFixed(1)} on ${os.availableParallelism()} threads`);

async function folderOf(size: string): Promise<string> {
  if (size === '260K') return stories260k;
  const stories = await findStories15m();
  if (stories.folder === null) throw new Error(stories.reason);
  return stories.folder;
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
