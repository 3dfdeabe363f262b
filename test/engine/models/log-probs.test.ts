import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../../src-main/engine/checkpoint/load-model.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { sharedFolder } from '../../helpers/golden-models.ts';
import { findStories15m } from '../../helpers/stories15m.ts';

/** Per-token log-probs of 24 stories under the two real models, from transformers in double precision. */
const golden = sharedFolder('golden', 'logprobs.json');
interface Recorded {
  rows: { ids: number[]; token_logprobs: number[] }[];
}
const recordedOf = (name: string) => (JSON.parse(readFileSync(golden, 'utf8')) as Record<string, Recorded>)[name]!;

beforeAll(async () => {
  await openTestBackend();
});

/** Largest difference in nats a token, over all stories. */
async function largestError(folder: string, { rows }: Recorded): Promise<number> {
  const model = await loadModel(openFolder(folder), { trainable: false });
  let worst = 0;
  for (const { ids, token_logprobs: wanted } of rows) {
    const found = tf.tidy(() => {
      const hidden = model.hiddenStates(tf.tensor2d(ids, [1, ids.length], 'int32'), [ids.length]);
      const all = tf.logSoftmax(model.logits(tf.reshape(hidden, [ids.length, model.config.dim])));
      const places = wanted.map((_, i) => [i, ids[i + 1]!]);
      return tf.gatherND(all, tf.tensor2d(places, [wanted.length, 2], 'int32')).dataSync();
    });
    wanted.forEach((logProb, i) => (worst = Math.max(worst, Math.abs(found[i]! - logProb))));
  }
  model.dispose();
  return worst;
}

describe.skipIf(!existsSync(golden))('log-probs of real models (skipped where ../shared/golden is not there)', () => {
  it('stories260K', async () => {
    const name = Object.keys(JSON.parse(readFileSync(golden, 'utf8')) as object).find((key) => key.includes('260'))!;
    const error = await largestError(path.join(sharedFolder('models'), 'stories-260k'), recordedOf(name));
    expect(error).toBeLessThan(1e-3);
  });

  it('stories15M', async ({ skip }) => {
    const stories = await findStories15m();
    if (stories.folder === null) return skip(stories.reason);
    expect(await largestError(stories.folder, recordedOf('stories15M'))).toBeLessThan(1e-3);
  });
});
