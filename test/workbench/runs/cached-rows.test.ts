import { readFileSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { cachedRows } from '../../../src-main/workbench/runs/cached-rows.ts';
import { temporaryFolder } from '../../helpers/workbench.ts';

const text = '{"id":1}\n{"id":2}\n';

/** A file in the cache, and how often its rows were made. */
function cache() {
  const file = path.join(temporaryFolder(), 'rows', 'a.ndjson');
  let made = 0;
  const make = async (draft: string) => {
    made += 1;
    await writeFile(draft, text);
    return 2;
  };
  return { file, make, count: () => made };
}

test('many who need the rows at once share one making, and later ones find them', async () => {
  const { file, make, count } = cache();
  await Promise.all(Array.from({ length: 5 }, () => cachedRows(file, 2, make)));
  await cachedRows(file, 2, make);
  expect([count(), readFileSync(file, 'utf8')]).toEqual([1, text]);
});

test.each([
  ['half of the rows', '{"id":1}\n'],
  ['a changed byte', text.replace('2', '3')],
  ['nothing', ''],
  ['a torn line', '{"id":1}\n{"id'],
])('a file that holds %s is made again', async (_, damage) => {
  const { file, make, count } = cache();
  await cachedRows(file, 2, make);
  writeFileSync(file, damage);
  await cachedRows(file, 2, make);
  expect([count(), readFileSync(file, 'utf8')]).toEqual([2, text]);
});

test('a damaged note of the digest costs a making, and a wrong number of rows is refused', async () => {
  const { file, make, count } = cache();
  await cachedRows(file, 2, make);
  writeFileSync(`${file}.sum.json`, '{');
  await cachedRows(file, 2, make);
  expect(count()).toBe(2);
  await expect(cachedRows(file, 3, make)).rejects.toMatchObject({ code: 'corrupt' });
});
