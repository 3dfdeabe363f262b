import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openLineProgram } from '../../src-main/system/line-program.ts';
import type { LineOutcome } from '../../src-main/system/line-program.ts';
import { rememberProgram, requireAllowedProgram } from '../../src-main/system/programs.ts';
import { temporaryFolder } from '../helpers/workbench.ts';

/** Answers each line with its output’s length; some ids do something else. */
const script = `
import { createInterface } from 'node:readline';
console.error('begun');
for await (const line of createInterface({ input: process.stdin })) {
  const { id, output } = JSON.parse(line);
  if (id === 'wrong') console.log('this is no JSON');
  else if (id === 'dies') { console.error('out of luck'); process.exit(3); }
  else if (id === 'hangs') setInterval(() => {}, 1000);
  else console.log(JSON.stringify({ id, score: output.length, correct: output.length > 2, note: 'n' }));
}
`;

function scorer(settings: { timeoutSeconds?: number; batch?: number } = {}) {
  const folder = temporaryFolder();
  writeFileSync(path.join(folder, 'score.mjs'), script);
  const said: string[] = [];
  const program = { kind: 'command' as const, command: [process.execPath, 'score.mjs'], folder, ...settings };
  return { program, said, opened: openLineProgram(program, { onStderr: (line) => said.push(line) }) };
}

const line = (id: string) => ({ id, output: 'abc' });
const told = (outcomes: readonly LineOutcome[]) =>
  outcomes.map((outcome) => ('answer' in outcome ? outcome.answer.score : 'none'));

test('a program is started once and answers in order, its stderr shown', async () => {
  const { opened, said } = scorer({ batch: 2 });
  const outcomes = await opened.ask(['a', 'b', 'c'].map(line));
  await opened.close();
  expect(outcomes[0]).toEqual({ answer: { score: 3, correct: true, note: 'n' } });
  expect({ scores: told(outcomes), said }).toEqual({ scores: [3, 3, 3], said: ['begun'] });
});

test('a wrong line, an end and a silence cost the line at fault alone', async () => {
  const { opened } = scorer({ timeoutSeconds: 2 });
  const outcomes = await opened.ask(['a', 'wrong', 'b', 'dies', 'c', 'hangs', 'd'].map(line));
  await opened.close();
  expect(told(outcomes)).toEqual([3, 'none', 3, 'none', 3, 'none', 3]);
  const faults = outcomes.flatMap((outcome) => ('fault' in outcome ? [outcome.fault] : []));
  expect(faults[0]).toBe('A line is no answer (not JSON): this is no JSON.');
  expect(faults[1]).toMatch(/score\.mjs ended with status 3: out of luck\.$/);
  expect(faults[2]).toMatch(/said nothing for 2 s and was ended\.$/);
});

test('a program that ends each time it is started is left alone, and one that is not there is an error', async () => {
  const folder = temporaryFolder();
  const ends = openLineProgram({ kind: 'command', command: [process.execPath, '-e', 'process.exit(1)'], folder });
  const outcomes = await ends.ask(['a', 'b', 'c', 'd', 'e'].map(line));
  expect(told(outcomes)).toEqual(['none', 'none', 'none', 'none', 'none']);
  expect(outcomes[4]).toEqual({ fault: expect.stringContaining('was not started again') as string });
  const absent = openLineProgram({ kind: 'command', command: [path.join(folder, 'absent')] });
  await expect(absent.ask([line('a')])).rejects.toMatchObject({ code: 'bad-input' });
});

test('a program runs where the person of this machine named it, and nowhere else', () => {
  const env = { XDG_CONFIG_HOME: temporaryFolder() };
  const named = { kind: 'command' as const, command: ['python', 'score.py'], folder: '/a' };
  expect(() => requireAllowedProgram(named, 'The suite “s”', env)).toThrow(
    'has not been allowed: python score.py in /a.',
  );
  rememberProgram(named, env);
  requireAllowedProgram(named, 'The suite “s”', env);
  expect(() => requireAllowedProgram({ ...named, folder: '/b' }, 'The suite “s”', env)).toThrow('has not been allowed');
  requireAllowedProgram({ ...named, folder: '/b' }, 'x', { ...env, FLIPGUARD_ALLOW_COMMANDS: 'python score.py' });
});
