import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { patienceMs } from '../helpers/patience.ts';
import { temporaryFolder } from '../helpers/workbench.ts';

const url = (file: string): string => JSON.stringify(path.resolve(import.meta.dirname, '../..', file));

test('ending the launcher, however it ends, ends what it started', async () => {
  const folder = temporaryFolder();
  const [started, launch, told] = ['started.ts', 'launch.mjs', 'told'].map((name) => path.join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(
    started,
    `import { writeFileSync } from 'node:fs';
import { watchLauncher } from ${url('src-main/shells/cli/launcher-watch.ts')};
const busy = setInterval(() => {}, 1000);
watchLauncher(process.env, () => { clearInterval(busy); writeFileSync(${JSON.stringify(told)}, ''); });
process.stdout.write(String(process.pid));
`,
  );
  writeFileSync(
    launch,
    `import { launchWorkbench } from ${url('build/setup/launch.mjs')};
await launchWorkbench(${JSON.stringify(started)}, []);
`,
  );
  const launcher = spawn(process.execPath, [launch], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void launcher.kill('SIGKILL'));
  const [pid] = (await once(launcher.stdout, 'data')) as [Buffer];
  const closed = once(launcher, 'close');
  launcher.kill('SIGKILL');
  await vi.waitUntil(() => existsSync(told), { interval: 20, timeout: patienceMs });
  // The pipe ends when its last writer has: the process has left by itself.
  await closed;
  expect(Number(pid.toString())).toBeGreaterThan(0);
});

test.skipIf(process.platform === 'win32').each(['SIGTERM', 'SIGHUP'] as const)(
  'a %s to the whole group, which the launcher passes on too, asks the program to end once',
  async (signal) => {
    const main = path.resolve(import.meta.dirname, '../../src-main/shells/cli/main.ts');
    const args = ['build/node24.mjs', main, '--workspace', path.join(temporaryFolder(), 'w'), 'mcp'];
    const launcher = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'pipe'], detached: true });
    onTestFinished(() => void launcher.kill('SIGKILL'));
    let said = '';
    launcher.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    await vi.waitUntil(() => said.includes('is read by'), { interval: 20, timeout: patienceMs });
    const ended = once(launcher, 'close');
    process.kill(-(launcher.pid ?? 0), signal);
    expect([await ended, said.match(/Stopping/g)?.length]).toEqual([[0, null], 1]);
  },
);
