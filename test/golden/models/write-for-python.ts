/**
 * Writes what the engine saves, for transformers and PEFT to open (check_written.py does).
 *
 *   node test/golden/models/write-for-python.ts OUT && python test/golden/models/check_written.py OUT
 *
 * OUT/<family>: the tiny model with every weight moved, as a full checkpoint. OUT/<family>-adapter: a trained-looking adapter on the
 * tiny model of test/assets. OUT/<family>-merged: the two merged. Each with logits.json next to the weights. OUT/<family>-reward-adapter
 * and OUT/<family>-reward: an adapter with a score head, and the two merged, with scores.json.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import * as path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { saveAdapter } from '../../../src-main/engine/checkpoint/peft.ts';
import { saveModel } from '../../../src-main/engine/checkpoint/save-model.ts';
import type { CausalLm } from '../../../src-main/engine/models/causal-lm.ts';
import { addAdapter, mergeAdapter } from '../../../src-main/engine/models/lora.ts';
import { createRandom } from '../../../src-main/engine/random.ts';
import { createFolder, openFolder } from '../../../src-main/trainer/node-folders.ts';
import { isRewardModel, scoreRewards, toRewardModel } from '../../../src-main/engine/reward-model.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import {
  goldenFamilies,
  loadGoldenModel,
  logitsAt,
  modelAsset,
  readRecorded,
  recordedSequences,
} from '../../helpers/golden-models.ts';

const out = process.argv[2];
if (out === undefined) throw new Error('name the folder to write to');
await mkdir(out, { recursive: true });
await openTestBackend();
for (const family of goldenFamilies) {
  const moved = await loadGoldenModel(family);
  shift(moved);
  await write(moved, family, family);
  moved.dispose();
  const settings = { rank: 3, alpha: 9, dropout: 0.1, targets: ['all-linear'] };
  const adapted = addAdapter(await loadGoldenModel(family), settings, createRandom(5, 'adapter'));
  shift(adapted);
  await write(adapted, family, `${family}-adapter`);
  const merged = mergeAdapter(adapted);
  await write(merged, family, `${family}-merged`);
  merged.dispose();
  const padding = { padTokenId: 0, eosTokenId: 2 };
  const rewarding = toRewardModel(await loadGoldenModel(family), padding, createRandom(6, 'head'));
  const rewardAdapter = addAdapter(rewarding, settings, createRandom(7, 'adapter'));
  shift(rewardAdapter);
  await write(rewardAdapter, family, `${family}-reward-adapter`);
  const rewardMerged = mergeAdapter(rewardAdapter);
  await write(rewardMerged, family, `${family}-reward`);
  rewardMerged.dispose();
}

/** Moves every trainable weight a little, as training would. */
function shift(model: CausalLm): void {
  let seed = 0;
  for (const weight of model.trainable.values()) {
    tf.tidy(() => weight.assign(tf.add(weight, tf.randomNormal(weight.shape, 0, 0.1, 'float32', seed++))));
  }
}

async function write(model: CausalLm, family: string, name: string): Promise<void> {
  const writer = await createFolder(path.join(out!, name));
  if (model.adapter === null) await saveModel(model, openFolder(modelAsset(family)), writer);
  else await saveAdapter(model, writer, path.resolve(modelAsset(family)));
  await writer.commit();
  const recorded = readRecorded(family, 'golden.json');
  const [file, numbers] = isRewardModel(model)
    ? ['scores.json', [...(await scoreRewards(model, recordedSequences(recorded)))]]
    : ['logits.json', logitsAt(model, recorded)];
  await writeFile(path.join(out!, name, file), JSON.stringify(numbers));
}
