import process from 'node:process';
import { expect, test } from 'vitest';
import type { Question } from '../../src-main/shared/domain/serving.ts';
import { superviseTrainer } from '../../src-main/trainer/host.ts';
import { launchNodeTrainer } from '../../src-main/trainer/node-child.ts';

const question: Question = {
  ...{ model: 'none', prompt: { kind: 'text', text: 'x' }, n: 1, maxTokens: 1, temperature: 0, seed: 0, place: 0 },
  ...{ stop: [], top: 0, scorePrompt: false, stream: false },
};

test.skipIf(process.platform === 'win32')(
  'a Ctrl-C in the terminal leaves the child at work until its host says otherwise (not on Windows)',
  async () => {
    const answered: number[] = [];
    let heard = Promise.withResolvers<void>();
    const session = superviseTrainer(launchNodeTrainer, { kind: 'serve', models: [] }, (events) => {
      for (const event of events) if (event.type === 'answer') answered.push(event.id);
      if (answered.length > 0) heard.resolve();
      return Promise.resolve();
    });
    session.ask(1, question);
    await heard.promise;
    heard = Promise.withResolvers();
    process.kill(session.pid!, 'SIGINT');
    session.ask(2, question);
    await heard.promise;
    session.stop();
    expect(await session.ended).toEqual({ kind: 'finished', outcome: 'stopped', step: 0 });
    expect(answered).toEqual([1, 2]);
  },
);
