import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { flipguard } from '../helpers/cli.ts';
import { temporaryFolder } from '../helpers/workbench.ts';

/** None of these finds anything in an empty workspace: what is said first is what was looked at first. */
test.each([
  ['report', 'old', 'new', '--out', 'gone/report.md'],
  ['gate', 'old', 'new', '--max-nfr', '0.1', '--markdown', 'gone/gate.md'],
  ['gate', 'old', 'new', '--max-nfr', '0.1', '--junit', 'gone/gate.xml'],
  ['bench', 'gpu', '--model', 'no-such-model', '--out', 'gone/bench.md'],
])('%s looks whether it can write before it begins', async (...args) => {
  const folder = temporaryFolder();
  const at = (text: string) => text.replace('gone/', `${path.join(folder, 'gone')}/`);
  const { status, stderr } = await flipguard(path.join(folder, 'workspace'), ...args.map(at));
  expect(stderr).toContain(`${path.join(folder, 'gone')} could not be written: there is no such file or folder.`);
  expect(status).not.toBe(0);
  const last = at(args.at(-1) ?? '');
  mkdirSync(last, { recursive: true });
  const taken = await flipguard(path.join(folder, 'workspace'), ...args.map(at));
  expect(taken.stderr).toContain(`${last} is a folder.`);
});

test('a study makes its folder before it trains, or says that it cannot', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'study.yaml');
  writeFileSync(file, 'name: none\n');
  const out = path.join(folder, 'new', 'out');
  await flipguard(path.join(folder, 'workspace'), 'study', file, '--out', out);
  expect(existsSync(out)).toBe(true);
  const { stderr } = await flipguard(path.join(folder, 'workspace'), 'study', file, '--out', path.join(file, 'out'));
  expect(stderr).toContain('could not be written: a part of its path is a file.');
});
