import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test as plainTest } from 'vitest';
import { loadModel } from '../../../src-main/engine/checkpoint/load-model.ts';
import { saveAdapter } from '../../../src-main/engine/checkpoint/peft.ts';
import { addAdapter } from '../../../src-main/engine/models/lora.ts';
import { createRandom } from '../../../src-main/engine/random.ts';
import { completionQuestions, completionSchema, parseRequest } from '../../../src-main/shells/api/requests.ts';
import type { TrainerJob } from '../../../src-main/shared/domain/jobs.ts';
import type { TrainerLauncher } from '../../../src-main/trainer/host.ts';
import { createFolder, openFolder } from '../../../src-main/trainer/node-folders.ts';
import { openServing } from '../../../src-main/workbench/serving/serving.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { openTestWorkbench, smallModel, temporaryFolder, withSmallModel } from '../../helpers/workbench.ts';

const test = plainTest.skipIf(smallModel === null);

test(`who asks while the weights are being given back gets an answer of the next child${withSmallModel}`, async () => {
  const { core, models } = await openTestWorkbench();
  await models.add(smallModel ?? '', { name: 'm' }, quietTask());
  const stopped = Promise.withResolvers<void>();
  const launchTrainer: TrainerLauncher = () => {
    const child = core.launchTrainer();
    return {
      ...child,
      send(command) {
        child.send(command);
        if (command.type === 'stop') stopped.resolve();
      },
    };
  };
  const serving = await openServing({ ...core, launchTrainer }, ['m'], { idleMs: 1, say: () => {} }, quietTask());
  const [question] = completionQuestions(
    parseRequest(completionSchema, { model: 'm', prompt: 'Once upon', max_tokens: 4, temperature: 0 }),
  );
  if (question === undefined) throw new Error('a prompt is a question');
  const ask = () => serving.ask(question, () => {}, quietTask().signal);

  const first = await ask();
  await stopped.promise;
  expect(await ask()).toEqual(first);
  await serving.close();
});

/** An adapter with random products on the small model, as a run or PEFT leaves one. */
async function writeAdapter(): Promise<string> {
  await openTestBackend();
  const settings = { rank: 4, alpha: 8, dropout: 0, targets: ['all-linear'] };
  const model = addAdapter(await loadModel(openFolder(smallModel ?? '')), settings, createRandom(1));
  for (const [name, weight] of model.trainable) {
    const drawn = tf.randomNormal(weight.shape, 0, 0.1, 'float32', name.length);
    weight.assign(drawn);
    drawn.dispose();
  }
  const folder = path.join(temporaryFolder(), 'adapter');
  const writer = await createFolder(folder);
  await saveAdapter(model, writer, 'small');
  await writer.commit();
  model.dispose();
  return folder;
}

test(`a base and an adapter on it share the base’s weights, and the adapter answers as it does merged${withSmallModel}`, async () => {
  const { core, models } = await openTestWorkbench();
  const base = await models.add(smallModel ?? '', { name: 'base' }, quietTask());
  const adapterPath = await writeAdapter();
  await models.add(adapterPath, { name: 'tuned', base: 'base' }, quietTask());
  const jobs: TrainerJob[] = [];
  const launchTrainer: TrainerLauncher = () => {
    const child = core.launchTrainer();
    return { ...child, send: (command) => (command.type === 'job' && jobs.push(command.job), child.send(command)) };
  };
  async function answersOf(names: readonly string[]) {
    const serving = await openServing({ ...core, launchTrainer }, names, { idleMs: 1e6, say: () => {} }, quietTask());
    const body = { prompt: 'Once upon a time', max_tokens: 12, temperature: 0 };
    const answers = [];
    for (const model of names) {
      const [question] = completionQuestions(parseRequest(completionSchema, { ...body, model }));
      answers.push((await serving.ask(question!, () => {}, quietTask().signal)).answers[0]?.text);
    }
    await serving.close();
    return answers;
  }

  const [plain, adapted] = await answersOf(['base', 'tuned']);
  expect(jobs.at(-1)).toEqual({
    kind: 'serve',
    models: [
      { name: 'base', path: base.path },
      { name: 'tuned', path: base.path, adapterPath },
    ],
  });
  expect(await answersOf(['tuned'])).toEqual([adapted]);
  expect(jobs.at(-1)).toMatchObject({ models: [{ name: 'tuned', path: expect.stringContaining('merged') }] });
  expect(plain).not.toBe(adapted);
});
