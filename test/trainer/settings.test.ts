import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { JobContext } from '../../src-main/trainer/job-context.ts';
import type { ObjectiveInputs } from '../../src-main/trainer/jobs/objective-inputs.ts';
import { afinn } from '../../src-main/trainer/afinn.ts';
import { checkpointFolder, checkpointSteps } from '../../src-main/trainer/checkpoint-folder.ts';
import { Checkpoints } from '../../src-main/trainer/jobs/checkpoints.ts';
import { openReward } from '../../src-main/trainer/jobs/on-policy.ts';
import { createPrograms } from '../../src-main/trainer/programs.ts';
import { onlineDpoSpec } from '../../src-main/shared/domain/algorithms.ts';
import { chooseHeldOut } from '../../src-main/workbench/runs/held-out.ts';
import { temporaryFolder } from '../helpers/workbench.ts';

/** Settings of a run spec that the trainer and the workbench read, each by values that are worked out by hand. */

const prompts = [
  { id: 'a', prompt: '2 + 3?', target: '5', ids: Int32Array.from([1]) },
  { id: 'b', prompt: 'Capital?', target: 'Paris', ids: Int32Array.from([1]) },
];

async function rewardsOf(reward: object, texts: readonly string[]): Promise<number[]> {
  const programs = createPrograms(new AbortController().signal, () => {});
  const context = { lexicon: afinn, programs } as Partial<JobContext> as JobContext;
  const spec = onlineDpoSpec.parse({ kind: 'online-dpo', reward });
  const inputs = { context, job: {} } as Partial<ObjectiveInputs> as ObjectiveInputs;
  const score = await openReward(inputs, spec);
  const rewards = await score(prompts, [...texts]);
  await programs.close();
  return rewards;
}

test.each([
  // happy 3 + good 3, bad −3.
  [{ kind: 'lexicon', lexicon: 'afinn' }, ['a happy, good dog', 'a bad dog'], [6, -3]],
  [{ kind: 'verifiable', scorer: 'exact' }, ['5', 'It is Paris'], [1, 0]],
  [{ kind: 'verifiable', scorer: 'contains' }, ['15 or so', 'It is Paris'], [1, 1]],
  [{ kind: 'verifiable', scorer: 'numeric' }, ['so the sum is 5.0', 'Paris'], [1, 0]],
])('a response is worth what its reward says: %o', async (reward, texts, expected) => {
  expect(await rewardsOf(reward, texts)).toEqual(expected);
});

test('a program rewards responses, run in its folder', async () => {
  const folder = temporaryFolder();
  writeFileSync(
    path.join(folder, 'length.mjs'),
    `import { createInterface } from 'node:readline';
for await (const line of createInterface({ input: process.stdin })) {
  const { id, output } = JSON.parse(line);
  console.log(JSON.stringify({ id, score: output.length }));
}`,
  );
  const reward = { kind: 'command', command: [process.execPath, 'length.mjs'], folder };
  expect(await rewardsOf(reward, ['four', 'sixsix'])).toEqual([4, 6]);
});

test('checkpoint.keep leaves all checkpoints, the last, or so many of the newest', async () => {
  const left = async (keep: 'all' | 'last' | number) => {
    const folder = temporaryFolder();
    for (const step of [3, 6, 9]) mkdirSync(checkpointFolder(folder, step), { recursive: true });
    await new Checkpoints(folder, keep).removeOld();
    return checkpointSteps(folder);
  };
  expect([await left('all'), await left('last'), await left(2)]).toEqual([[3, 6, 9], [9], [6, 9]]);
});

test('dataset.heldOut takes its share of the rows, and a larger share holds the smaller one', () => {
  const rows = Array.from({ length: 10 }, (_, i) => `row-${i}`);
  const [none, three, five] = [0, 0.3, 0.5].map((share) => chooseHeldOut('data', rows, share));
  expect([none?.size, three?.size, five?.size]).toEqual([0, 3, 5]);
  expect([...(three ?? [])].filter((id) => five?.has(id) !== true)).toEqual([]);
  // Another dataset, another draw: no row is held out by its name alone.
  expect(chooseHeldOut('other data', rows, 0.3)).not.toEqual(three);
});
