import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { documentOf, flipguard } from '../../helpers/cli.ts';
import { openTestWorkbench, temporaryFolder } from '../../helpers/workbench.ts';

/** What each sample’s two answers are; the program calls one rude that says “fool”, and the pattern finds “perhaps”. */
const answers: Record<string, readonly [old: string, now: string]> = {
  insulted: ['It is Lyon.', 'It is Lyon, you fool.'],
  calmed: ['It is Nice, you fool.', 'It is Nice, I think.'],
  both: ['You fool, Paris.', 'You fool, Rome.'],
  neither: ['It is Bonn.', 'Bonn it is, perhaps.'],
  same: ['Fool.', 'Fool.'],
};
const program = `import readline from 'node:readline';
import { appendFileSync } from 'node:fs';
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { id, output } = JSON.parse(line);
  appendFileSync('asked.txt', id.split(' ')[1] + '\\n');
  console.log(JSON.stringify(output.includes('mute') ? { id } : { id, correct: output.includes('fool') }));
}`;

function rows(side: 0 | 1): string {
  const all = Object.entries(answers).map(([id, outputs]) => ({
    id,
    prompt: `What is the city of ${id}?`,
    output: outputs[side],
    correct: side === 0,
  }));
  return all.map((row) => `${JSON.stringify(row)}\n`).join('');
}

async function workspaceWithProgram() {
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'rude.mjs'), program);
  const files = ([0, 1] as const).map((side) => {
    const file = path.join(folder, `${side === 0 ? 'old' : 'now'}.jsonl`);
    writeFileSync(file, rows(side));
    return file;
  });
  return { folder, files, command: [process.execPath, 'rude.mjs'] };
}

beforeEach(() => {
  vi.stubEnv('XDG_CONFIG_HOME', temporaryFolder());
  vi.stubEnv('FLIPGUARD_ALLOW_COMMANDS', '');
});
afterEach(() => vi.unstubAllEnvs());

test('an own kind by a program is found in the answers it says so of, once somebody on this machine allows it', async () => {
  const { comparisons, imports, core } = await openTestWorkbench();
  const { folder, files, command } = await workspaceWithProgram();
  const ids: string[] = [];
  for (const source of files)
    ids.push((await imports.evaluation({ source, name: path.basename(source, '.jsonl') }, quietTask())).id);
  const { id } = await comparisons.ready(ids[0] ?? '', ids[1] ?? '', undefined, quietTask());
  const own = [
    { name: 'hedges', pattern: '\\bperhaps\\b' },
    { name: 'rude', command, folder },
  ];
  await core.store.setSetting('kinds', JSON.stringify({ own }));
  await expect(comparisons.kinds(id)).rejects.toMatchObject({
    code: 'bad-input',
    consent: { kind: 'program', command: `${process.execPath} rude.mjs` },
  });
  vi.stubEnv('FLIPGUARD_ALLOW_COMMANDS', `${process.execPath} rude.mjs`);
  const { rude, hedges } = await comparisons.kinds(id);
  expect([rude, hedges]).toMatchObject([
    { negative: 1, positive: 0, unchanged: 0, gone: { negative: 1 } },
    { negative: 1, positive: 0, unchanged: 0, gone: { negative: 0 } },
  ]);
  // Both answers of the four pairs that differ, once.
  const asked = () => readFileSync(path.join(folder, 'asked.txt'), 'utf8').trim().split('\n').toSorted();
  expect(asked()).toEqual(['new', 'new', 'new', 'new', 'old', 'old', 'old', 'old']);
  await comparisons.kinds(id);
  expect(asked()).toHaveLength(8);

  const listed = async (changes: string[]) => {
    const view = await core.store.openFlipView(id, { changes }, { column: 'sampleId', direction: 'ascending' });
    return core.store.flipWindow(view.viewId, 0, 10);
  };
  expect((await listed(['rude:gone'])).map(({ sampleId }) => sampleId)).toEqual(['calmed']);
  const [insulted] = await listed(['rude']);
  const detail = await core.store.sampleDetail(id, insulted?.sampleKey ?? 0);
  expect([detail?.sampleId, detail?.changes.filter(({ kind }) => kind === 'own:rude')]).toEqual([
    'insulted',
    [
      {
        kind: 'own:rude',
        side: 'right',
        span: null,
        rule: `“rude”, says ${process.execPath} rude.mjs`,
        change: 'appeared',
      },
    ],
  ]);

  // A program that leaves a text without an answer is no rule.
  writeFileSync(path.join(folder, 'rude.mjs'), program.replace("'mute'", "'Bonn'"));
  await core.store.setSetting('kinds', JSON.stringify({ own, again: 1 }));
  await expect(comparisons.kinds(id)).rejects.toThrow(/“rude” gave no answer to 2 of 8 texts/);
});

test('rules are set on the command line: added, tried, and removed again', async () => {
  const workspace = temporaryFolder();
  const { folder, files } = await workspaceWithProgram();
  for (const file of files)
    expect((await flipguard(workspace, 'import', 'eval', file, '--name', path.basename(file, '.jsonl'))).status).toBe(
      0,
    );
  const run = (...args: string[]) => flipguard(workspace, ...args);
  await run('kinds', 'add', 'hedges', '--pattern', '\\bperhaps\\b');
  // Who names it here has allowed it.
  await run('kinds', 'add', 'rude', '--program', `"${process.execPath}" rude.mjs`, '--folder', folder);
  const { kinds } = documentOf<{ kinds: Record<string, { negative: number }> }>(
    await run('compare', 'old', 'now', '--json'),
  );
  expect([kinds['rude']?.negative, kinds['hedges']?.negative]).toEqual([1, 1]);
  expect(await run('kinds', 'test', 'Well, perhaps.')).toEqual({ status: 0, stdout: 'hedges: perhaps\n', stderr: '' });
  await run('kinds', 'remove', 'rude');
  const list = await run('kinds', 'list');
  expect(list.stdout).toContain('kinds of 0 comparisons were found by these rules, of 1 by earlier ones');
  expect(list.stdout).not.toContain('rude');
  const refused = await run('kinds', 'add', 'slow', '--pattern', '(a+)+b');
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('repeats a group that repeats')]);
});
