import { cpSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { flipguard } from '../../helpers/cli.ts';
import { openTestWorkbench, temporaryFolder } from '../../helpers/workbench.ts';

/** What TRL wrote (test/golden/trainers/trl_runs.py). */
const assets = path.resolve(import.meta.dirname, '../../assets/trainers');

/** A server with the models of these names; each says its own name and nothing else. */
async function serve(names: readonly string[]): Promise<string> {
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      const { model } = JSON.parse(text || '{}') as { model?: string };
      const body =
        request.url === '/v1/models'
          ? { object: 'list', data: names.map((id) => ({ id, object: 'model' })) }
          : { model, choices: [{ index: 0, text: model, finish_reason: 'stop' }], usage: {} };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
}

test('checkpoints are evaluated through a server that has them; one that it never gets is a sentence', async () => {
  const folder = temporaryFolder();
  for (const name of ['dpo', 'base']) cpSync(path.join(assets, name), path.join(folder, name), { recursive: true });
  const url = await serve(['start', 'policy-2']);
  const workbench = await openTestWorkbench();
  await workbench.imports.addSuite('asked', { kind: 'generate', scorer: { kind: 'exact' } }, [
    { kind: 'generate', id: 'a', prompt: 'Who are you?', target: 'start' },
  ]);
  const { root } = workbench.core.layout;
  await workbench.close();
  const watch = (...more: string[]) =>
    flipguard(
      root,
      'watch',
      path.join(folder, 'dpo'),
      '--name',
      'live',
      '--suite',
      'asked',
      '--every',
      '0.05',
      ...more,
    );
  const refused = await watch('--through', url, '--through-model', 'policy');
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('Put {step} where')]);
  const through = ['--through', url, '--through-model', 'policy-{step}', '--through-base', 'start'];
  const { stderr } = await watch('--base', path.join(folder, 'base'), ...through);
  expect(stderr).toContain('evaluated asked at step 0: 1 right, 0 wrong');
  expect(stderr).toContain('evaluated asked at step 2: 0 right, 1 wrong; 1 negative flip of 1');
  expect(stderr).toContain(`Step 4 was not evaluated on “asked”: ${url} has no model “policy-4”.`);
});
