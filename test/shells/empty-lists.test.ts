import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { emptyListText } from '../../src-main/shells/cli/empty-lists.ts';
import { listNames } from '../../src-main/shells/cli/list-names.ts';
import { flipguard } from '../helpers/cli.ts';
import { temporaryFolder } from '../helpers/workbench.ts';

test.each(listNames)(
  'an empty list of %s says in words what there is not, and names commands that exist',
  async (name) => {
    const text = emptyListText(name, 0);
    const one = name === 'evals' ? 'evaluation' : name.replace('-', ' ').replace(/s$/, '');
    expect(text).toMatch(new RegExp(`^No ${one} yet\\. `));
    const commands = [...text.matchAll(/flipguard ([a-z -]+?)(?= [A-Z])/g)].map(([, words = '']) => words.split(' '));
    expect(commands.length).toBeGreaterThan(0);
    for (const words of commands) {
      const help = await flipguard(temporaryFolder(), ...words, '--help');
      expect(help.stdout).toContain(`Usage: flipguard ${words.join(' ')} `);
    }
  },
);

test('an empty workspace says so, and where all was archived, how to see it', async () => {
  const folder = path.join(temporaryFolder(), 'workspace');
  expect((await flipguard(folder, 'list', 'evals')).stdout).toBe(`${emptyListText('evals', 0)}\n`);
  expect((await flipguard(folder, 'list', 'evals', '--json')).stdout).toBe('[]\n');
  const file = path.join(folder, 'few.jsonl');
  writeFileSync(file, `${JSON.stringify({ id: 'a', correct: true })}\n`);
  await flipguard(folder, 'import', 'eval', file, '--name', 'few');
  await flipguard(folder, 'archive', 'few');
  const { stdout } = await flipguard(folder, 'list', 'evals');
  expect(stdout).toBe('The only evaluation is archived. Show it: flipguard list evals --archived\n');
  expect((await flipguard(folder, 'list', 'evals', '--archived')).stdout).toContain('few');
});
