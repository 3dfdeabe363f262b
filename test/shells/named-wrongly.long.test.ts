import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rate, realNumber, wholeNumber } from '../../src-main/shells/cli/options/values.ts';
import { checkNewName } from '../../src-main/workbench/workspace/names.ts';
import { documentOf, flipguard } from '../helpers/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'flipguard-test-'));
const workspace = join(folder, 'workspace');
const run = (...args: string[]) => flipguard(workspace, ...args);

function write(name: string, records: readonly object[]): string {
  const path = join(folder, name);
  writeFileSync(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  return path;
}

/** Ids that agree with the prompts on one side and are shifted on the other. */
const side = (shift: number, right: (index: number) => boolean): object[] =>
  Array.from({ length: 6 }, (_, index) => ({
    id: `s${(index + shift) % 6}`,
    prompt: `p${index}`,
    output: 'o',
    correct: right(index),
    slice: index < 3 ? 'low' : 'high',
  }));

beforeAll(async () => {
  const old = write(
    'old.jsonl',
    side(0, () => true),
  );
  const now = write(
    'new.jsonl',
    side(1, (index) => index > 0),
  );
  for (const [path, name] of [[old, 'old'] as const, [now, 'new'] as const])
    expect((await run('import', 'eval', path, '--name', name)).status).toBe(0);
  const rows = write('rows.jsonl', [
    { prompt: 'p', completion: 'c' },
    { prompt: 'q', completion: 'c' },
  ]);
  expect((await run('import', 'dataset', rows, '--name', 'rows')).status).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a comparison whose pairing was chosen', () => {
  it.each([
    ['prompt', 's0'],
    ['content', 's0'],
    ['id', 's1'],
  ])('is compared and listed by %s', async (way, flipped) => {
    const compared = await run('--json', 'compare', 'old', 'new', '--pair-by', way);
    expect(documentOf<{ negativeFlips: number }>(compared).negativeFlips).toBe(1);
    const listed = await run('--json', 'flips', 'old', 'new', '--pair-by', way);
    expect(listed.stdout).toContain(`"sampleId":"${flipped}"`);
  });
});

describe('names', () => {
  it('refuses what no list can show, and takes other signs', async () => {
    for (const name of ['a\nb', '\u202eevil', 'a\u0007b', '   ', 'x'.repeat(201)])
      expect(() => checkNewName(name)).toThrow('A name');
    for (const name of ['größe / 1', '名前', 'a👍🏽', 'عربي']) expect(() => checkNewName(name)).not.toThrow();
    expect((await run('rename', 'rows', 'a\nb')).status).toBe(2);
  });

  it('gives a guard set no name twice', async () => {
    expect((await run('guard-set', 'create', 'g', 'old', 'new')).status).toBe(0);
    expect(await run('guard-set', 'create', 'g', 'old', 'new')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('already a guard set named “g”') as string,
    });
  });

  it('makes neither part of a split where one name cannot be had', async () => {
    for (const [first, rest] of [
      ['a', 'a'],
      ['a', 'rows'],
    ] as const)
      expect((await run('dataset', 'split', 'rows', '0.5', '--as', first, '--rest', rest)).status).toBe(2);
    expect((await run('list', 'datasets')).stdout).not.toMatch(/^a /m);
  });
});

describe('what is not there', () => {
  it.each([
    ['compare', 'old', 'new'],
    ['flips', 'old', 'new'],
  ])('%s names the slices there are', async (...command) => {
    const answer = await run(...command, '--slice', 'middle');
    expect(answer.status).toBe(2);
    expect(answer.stderr).toMatch(/No sample is in a slice “middle”[^]*“low”/);
  });

  it('takes no empty text and no hexadecimal for a number', () => {
    for (const text of ['0x1', '', ' ', 'Infinity', '1_000', '1,5']) {
      expect(() => realNumber(text)).toThrow('A number is needed');
      expect(() => wholeNumber(text)).toThrow('whole number');
    }
    expect([realNumber('1e-3'), realNumber('-.5'), wholeNumber('12')]).toEqual([0.001, -0.5, 12]);
  });

  it('takes a share in percent for a rate, and nothing like it for one', () => {
    expect([rate('2%'), rate(' 0.5 % '), rate('0.02'), rate('-1%')]).toEqual([0.02, 0.005, 0.02, -0.01]);
    for (const text of ['%', '', '2%%', '0x1%', 'two']) expect(() => rate(text)).toThrow('A rate is needed');
  });
});

describe('the ending of a file to export to', () => {
  it('chooses the format of a table, and is refused where nothing is written so', async () => {
    const file = (name: string) => join(folder, name);
    const parquet = await run('export', 'evaluation', 'old', '--out', file('old.parquet'));
    expect(parquet.status).toBe(0);
    expect(readFileSync(file('old.parquet')).subarray(0, 4).toString()).toBe('PAR1');
    for (const [what, name, out] of [
      ['evaluation', 'old', 'old.csv'],
      ['dataset', 'rows', 'rows.xlsx'],
    ] as const) {
      const answer = await run('export', what, name, '--out', file(out));
      expect(answer).toMatchObject({
        status: 2,
        stderr: expect.stringMatching(/is not written as “(csv|xlsx)”/) as string,
      });
      expect(existsSync(file(out))).toBe(false);
    }
    expect((await run('export', 'dataset', 'rows', '--out', file('rows.out'))).status).toBe(0);
  });
});
