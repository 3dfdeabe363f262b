import { expect, test as plainTest } from 'vitest';
import { completionQuestions, completionSchema, parseRequest } from '../../../src-main/shells/api/requests.ts';
import type { TrainerLauncher } from '../../../src-main/trainer/host.ts';
import { openServing } from '../../../src-main/workbench/serving/serving.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { openTestWorkbench, smallModel, withSmallModel } from '../../helpers/workbench.ts';

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
