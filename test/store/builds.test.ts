import { join } from 'node:path';
import { expect, test } from 'vitest';
import { databaseName } from '../../src-main/store/client.ts';
import { openForWriting } from '../../src-main/store/database.ts';
import { beginBuild, finishBuild, putColumns } from '../../src-main/store/queries/comparison-builds.ts';
import type { BuildOutcome } from '../../src-main/store/queries/comparison-builds.ts';
import { addEvaluation, compare, sample, temporaryFolder, testStore } from './workspace.ts';

const outcome = (paired: number): BuildOutcome => ({
  ...{ rows: paired, pairing: 'sample-id', pairingNote: null },
  counts: { paired } as BuildOutcome['counts'],
});

const four = ['a', 'b', 'c', 'd'].map((id) => sample(id, 'right'));

test('a program that still fills a build which another has overtaken writes into no other comparison', async () => {
  const folder = temporaryFolder();
  const store = await testStore(folder);
  const [old, words, greedy] = await Promise.all(
    ['old', 'words', 'greedy'].map((name) => addEvaluation(store, name, four)),
  );
  const [first, second] = [await compare(store, old!, words!), await compare(store, old!, greedy!)];
  await store.close();

  const db = openForWriting(join(folder, databaseName));
  // Two programs that live: their builds are nobody’s to delete.
  const [mine, theirs] = ['mine', 'theirs'].map((name) => ({ db, owner: `${process.pid}:${name}:` }));
  const here = beginBuild(mine!, first.id);
  const there = beginBuild(theirs!, first.id);
  finishBuild(mine!, here.buildKey, outcome(4));
  const next = beginBuild(mine!, second.id);
  expect(() => putColumns(theirs!, there.buildKey, [], 0.5)).toThrow('removed or rebuilt meanwhile');
  expect(() => finishBuild(theirs!, there.buildKey, outcome(15_360))).toThrow('removed or rebuilt meanwhile');
  expect(finishBuild(mine!, next.buildKey, outcome(4)).counts.paired).toBe(4);
  db.raw.close();
});

test('a comparison that holds the pairs of another, from before, is built again', async () => {
  const folder = temporaryFolder();
  const store = await testStore(folder);
  const [old, now] = [await addEvaluation(store, 'old', four), await addEvaluation(store, 'now', four.slice(1))];
  const { id, counts } = await compare(store, old, now);
  const other = await compare(store, now, old);
  await store.close();

  const db = openForWriting(join(folder, databaseName));
  const mixed = JSON.stringify({ ...counts, paired: 15_360 });
  db.raw.prepare('UPDATE comparisons SET counts = ? WHERE id = ?').run(mixed, id);
  db.raw.exec('DROP TABLE result_tags');
  db.raw.pragma('user_version = 19');
  db.raw.close();

  const again = await testStore(folder);
  const built = await again.buildComparison(id);
  expect(built.counts).toEqual(counts);
  expect([counts.paired, counts.unmatchedLeft]).toEqual([3, 1]);
  expect(await again.getComparison(other.id)).toMatchObject({ state: 'ready', counts: other.counts });
});
