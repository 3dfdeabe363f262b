import path from 'node:path';
import { expect, test } from 'vitest';
import { flipguard } from '../helpers/cli.ts';
import { temporaryFolder } from '../helpers/workbench.ts';

test.each([
  [['frobnicate'], "unknown command 'frobnicate'"],
  [['list', 'nonsense'], 'Allowed choices are models'],
  [['train'], "missing required argument 'spec'"],
  [['compare', 'a', 'b', '--nope'], "unknown option '--nope'"],
  [['serve', '--port', '65536'], 'A whole number from 0 to 65535 is needed.'],
  [['endpoint', 'a', '--port', '6000'], 'Browsers refuse this port.'],
  [['list', 'models', '--workspace', ''], 'A folder is needed.'],
  [['import'], 'A command is missing.'],
])('with --json a command line that is none is told in a document, too: %j', async (args, said) => {
  const workspace = path.join(temporaryFolder(), 'w');
  for (const line of [
    ['--json', ...args],
    [...args, '--json'],
  ]) {
    const { status, stdout, stderr } = await flipguard(workspace, ...line);
    expect(status).toBe(2);
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string; remedy: string } };
    expect(error).toMatchObject({ code: 'bad-input', message: expect.stringContaining(said) });
    expect(error.message, 'people are told by the same words').not.toMatch(/^error/);
    expect(stderr).not.toBe('');
  }
  const { stdout } = await flipguard(workspace, ...args);
  expect(stdout).toBe('');
});

test('help and version are for people, whatever is asked for', async () => {
  const workspace = path.join(temporaryFolder(), 'w');
  expect((await flipguard(workspace, '--json', '--help')).status).toBe(0);
  expect((await flipguard(workspace, '--json', '--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
