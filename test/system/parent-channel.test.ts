import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from '../helpers/workbench.ts';

test('a child leaves every signal to its group to its parent, as long as it has one', async (ctx) => {
  if (process.platform === 'win32') ctx.skip('Windows has no signals');
  const source = path.resolve(import.meta.dirname, '../../src-main/system/parent-channel.ts');
  const file = path.join(temporaryFolder(), 'child.ts');
  writeFileSync(
    file,
    `import { openParentChannel } from ${JSON.stringify(source)};
const parent = openParentChannel();
parent.onMessage(() => parent.send(process.pid));
parent.onLost(() => parent.close());
parent.send('ready');
`,
  );
  const child = fork(file);
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'message');
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    child.kill(signal);
    child.send('still there?');
    expect(await once(child, 'message')).toEqual([child.pid, undefined]);
  }
  child.disconnect();
  expect(await once(child, 'exit')).toEqual([0, null]);
});
