import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readModelConfig } from '../../src-main/engine/models/families.ts';
import { expectedShapes } from '../../src-main/engine/models/parameters.ts';
import type { TrainerEventBody } from '../../src-main/shared/domain/trainer-events.ts';
import { progressText } from '../../src-main/shared/presentation/progress.ts';
import { JobControl } from '../../src-main/trainer/control.ts';
import type { JobContext } from '../../src-main/trainer/job-context.ts';
import { loadWeights } from '../../src-main/trainer/loading.ts';
import { openTestBackend } from '../helpers/backend.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-loading-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Large enough to be waited for: 80 MB of zeros, most of them in the embedding. The file has a hole in place of them. */
beforeAll(async () => {
  await openTestBackend();
  const config = {
    ...{ architectures: ['LlamaForCausalLM'], model_type: 'llama', vocab_size: 620_000, hidden_size: 64 },
    ...{ intermediate_size: 64, num_hidden_layers: 1, num_attention_heads: 1, max_position_embeddings: 16 },
    tie_word_embeddings: true,
  };
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
  let offset = 0;
  const entries = [...expectedShapes(readModelConfig(config))].map(([name, shape]) => {
    const bytes = 2 * shape.reduce((a, b) => a * b, 1);
    return [name, { dtype: 'BF16', shape, data_offsets: [offset, (offset += bytes)] }] as const;
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = path.join(folder, 'model.safetensors');
  writeFileSync(file, Buffer.concat([length, header]));
  truncateSync(file, 8 + header.length + offset);
});

/** What a job of the child has at hand, as far as loading needs it. `nowMs` continues by a second a look, so that all is told. */
function contextOf(control: JobControl, told: string[]): JobContext {
  let now = 0;
  const parts: Partial<JobContext> = {
    control,
    nowMs: () => (now += 1000),
    breathe: () => nextTurn(),
    emit: (event: TrainerEventBody) => {
      if (event.type === 'progress') told.push(progressText(event));
      return Promise.resolve();
    },
  };
  return parts as JobContext;
}

test('a model is loaded with progress by bytes, piece by piece', async () => {
  const told: string[] = [];
  const model = await loadWeights(folder, contextOf(new JobControl(), told));
  model.dispose();
  const [first, ...rest] = told;
  expect([first, rest.at(-1)]).toEqual(['loading 16.8 of 79.4 MB', 'loading 79.4 of 79.4 MB']);
});

test.each([
  ['the job is stopped', (control: JobControl) => control.stop(), () => true],
  ['nobody waits for it any more', () => {}, () => false],
])('loading ends when %s, and nothing of it stays', async (_, stop, wanted) => {
  const control = new JobControl();
  const told: string[] = [];
  const before = tf.memory().numTensors;
  const context = contextOf(control, told);
  const emit = context.emit;
  context.emit = async (event) => {
    await emit(event);
    stop(control);
  };
  await expect(loadWeights(folder, context, { wanted })).rejects.toMatchObject({ code: 'cancelled' });
  expect([told, tf.memory().numTensors]).toEqual([['loading 16.8 of 79.4 MB'], before]);
});
