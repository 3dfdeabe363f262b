import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { request } from '../../../src-main/workbench/contract/dispatch.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { openTestWorkbench, smallModel, temporaryFolder, withSmallModel } from '../../helpers/workbench.ts';

// What is allowed holds for the process; each test begins with nothing allowed.
vi.stubEnv('FLIPGUARD_ALLOW_ENDPOINTS', '');
vi.stubEnv('FLIPGUARD_ALLOW_COMMANDS', '');
vi.stubEnv('XDG_CONFIG_HOME', '/nowhere');
afterEach(() => {
  vi.stubEnv('FLIPGUARD_ALLOW_ENDPOINTS', '');
  vi.stubEnv('FLIPGUARD_ALLOW_COMMANDS', '');
});

/** A judge on loopback that calls every answer right, and says what reached it. */
async function openJudge() {
  const bodies: string[] = [];
  const server = createServer((message, reply) => {
    message.setEncoding('utf8');
    let body = '';
    message.on('data', (chunk: string) => (body += chunk));
    message.on('end', () => {
      bodies.push(body);
      reply.setHeader('content-type', 'application/json');
      reply.end(JSON.stringify({ choices: [{ message: { content: 'Score: 10' } }] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies };
}

describe.skipIf(smallModel === null)(`texts that leave the machine${withSmallModel}`, () => {
  test('are asked for at the window before the first is sent, and the evaluation says where they went', async () => {
    const judge = await openJudge();
    const workbench = await openTestWorkbench();
    const model = await workbench.models.add(smallModel ?? '', { name: 'm' }, quietTask());
    const suite = await workbench.imports.addSuite(
      'judged',
      {
        kind: 'generate',
        decoding: { temperature: 0, maxNewTokens: 4, seed: 0 },
        scorer: { kind: 'judge', endpoint: `${judge.origin}/v1`, model: 'strict', rubric: 'Is it kind?' },
      },
      [{ kind: 'generate', id: 'a', prompt: 'Once upon a time' }],
    );
    const start = () =>
      workbench.handle('evaluations.start', { target: model.id, suiteId: suite.id, name: 'with judge' });
    const consent = { kind: 'endpoint' as const, origin: judge.origin };
    expect(await start()).toMatchObject({ ok: false, error: { code: 'bad-input', consent } });
    expect(judge.bodies).toEqual([]);

    const { jobId } = await request(workbench.handle, 'consents.give', consent).then(() =>
      request(workbench.handle, 'evaluations.start', { target: model.id, suiteId: suite.id, name: 'with judge' }),
    );
    await workbench.core.jobs.settled(jobId);
    expect(judge.bodies).toHaveLength(1);
    const [evaluation] = await workbench.evaluations.list();
    expect(evaluation?.measure).toMatchObject({
      scorer: 'judge strict',
      notes: [`Prompts and answers went to ${judge.origin}.`],
    });
  });
});

test('a window can allow only what it was asked for', async () => {
  const workbench = await openTestWorkbench({ folder: temporaryFolder() });
  expect(await workbench.handle('consents.give', { kind: 'endpoint', origin: 'https://example.org' })).toMatchObject({
    ok: false,
    error: { code: 'conflict' },
  });
  expect(await workbench.handle('consents.give', { kind: 'program', command: 'rm -rf /' })).toMatchObject({
    ok: false,
    error: { code: 'conflict' },
  });
});

test('a program that a suite names is asked for too', async () => {
  const workbench = await openTestWorkbench();
  const suite = await workbench.imports.addSuite(
    'scored',
    {
      kind: 'generate',
      decoding: { temperature: 0, maxNewTokens: 4, seed: 0 },
      scorer: { kind: 'command', command: ['true', 'score'] },
    },
    [{ kind: 'generate', id: 'a', prompt: 'Once upon a time' }],
  );
  const consent = { kind: 'program' as const, command: 'true score' };
  const refused = await workbench.handle('evaluations.start', { target: 'm', suiteId: suite.id });
  expect(refused).toMatchObject({ ok: false, error: { consent } });
  await request(workbench.handle, 'consents.give', consent);
  expect(await workbench.handle('evaluations.start', { target: 'm', suiteId: suite.id })).toMatchObject({ ok: true });
});
