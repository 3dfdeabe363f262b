import { cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TriedPrompt } from '../../src-main/shared/domain/tried-prompt.ts';
import { flipguard, flipguardReading } from '../helpers/cli.ts';
import { smallModel, temporaryFolder, withSmallModel } from '../helpers/workbench.ts';

/** A workspace with the small model and one whose embedding of a few tokens is another, so that it parts after some. */
async function twoModels(): Promise<string> {
  const workspace = temporaryFolder();
  const other = path.join(temporaryFolder(), 'other');
  await cp(smallModel ?? '', other, { recursive: true });
  const file = path.join(other, 'model.safetensors');
  const bytes = await readFile(file);
  const header = Number(bytes.readBigUInt64LE(0));
  // The weights' own sign bits, far behind the header: another model of the same shape.
  for (let at = 8 + header + 3; at < bytes.length; at += 40_004) bytes[at] = (bytes[at] ?? 0) ^ 0x80;
  await writeFile(file, bytes);
  for (const [folder, name] of [
    [smallModel ?? '', 'before'],
    [other, 'after'],
  ] as const) {
    expect(await flipguard(workspace, 'import', 'model', folder, '--name', name)).toMatchObject({ status: 0 });
  }
  return workspace;
}

const lines = (stdout: string) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as TriedPrompt);

describe.skipIf(smallModel === null)(`flipguard chat${withSmallModel}`, () => {
  test('answers a prompt per line, the same each time, by a seed where it samples, and says where two models part', async () => {
    const workspace = await twoModels();
    const asked = ['--max-tokens', '12', '--json'];
    const piped = await flipguardReading('Once upon a time\n\nLily saw\n', workspace, 'chat', 'before', ...asked);
    expect(piped.status).toBe(0);
    const alone = lines(piped.stdout);
    expect(alone.map(({ prompt, format, differsAt }) => [prompt, format, differsAt])).toEqual([
      ['Once upon a time', 'text', null],
      ['Lily saw', 'text', null],
    ]);
    expect(alone[0]?.answers).toMatchObject([{ target: 'before', finish: 'length' }]);
    expect(alone[0]?.answers[0]?.tokens).toHaveLength(12);

    const both = await flipguard(workspace, 'chat', 'after', '--against', 'before', '--prompt', 'Lily saw', ...asked);
    const [tried] = lines(both.stdout);
    expect(tried?.answers.map(({ target }) => target)).toEqual(['before', 'after']);
    expect(tried?.answers[0]).toEqual(alone[1]?.answers[0]);
    const at = tried?.differsAt?.new ?? -1;
    const ids = (tried?.answers ?? []).map(({ tokens }) => tokens.map(({ id }) => id));
    expect(tried?.differsAt).toEqual({ old: at, new: at });
    expect(ids[0]?.slice(0, at)).toEqual(ids[1]?.slice(0, at));
    expect(ids[0]?.[at]).not.toBe(ids[1]?.[at]);

    // By a seed, and for people.
    const ask = (...more: string[]) => flipguard(workspace, 'chat', 'before', '--prompt', 'One day', ...more);
    const sampled = ['--temperature', '1', '--max-tokens', '16'];
    const twice = await ask('--prompt', 'One day', ...sampled, '--seed', '1', '--json');
    const [first = '', again] = lines(twice.stdout).map(({ answers }) => answers[0]?.text);
    expect(again).toBe(first);
    expect(first.length).toBeGreaterThan(10);
    const { stdout } = await ask(...sampled, '--seed', '2');
    expect(stdout).toMatch(/^[^{}]{10,}\n$/);
    expect(stdout.trim()).not.toBe(first.trim());

    expect(await ask('--temperature', '-1')).toMatchObject({ status: 2 });
    expect(await ask('--max-tokens', '0')).toMatchObject({ status: 2 });
    expect((await ask('--against', 'before')).stderr).toContain('“before” was named twice.');
    expect((await flipguard(workspace, 'chat', 'befor')).stderr).toContain(
      'There is no model, run or checkpoint “befor”.',
    );
  });
});
