import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { databaseName } from '../../src-main/store/client.ts';
import { openForWriting, run, sql } from '../../src-main/store/database.ts';
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

test('a comparison whose program is killed meanwhile is taken over by one that has been open all along', async () => {
  const folder = temporaryFolder();
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  onTestFinished(() => void other.kill('SIGKILL'));
  const store = await testStore(folder, { pollMs: 5 });
  const [left, right] = [await addEvaluation(store, 'left', four), await addEvaluation(store, 'right', four)];
  const { id } = await compare(store, left, right);
  const db = openForWriting(join(folder, databaseName));
  // As the other program leaves it: claimed, and a part of it told.
  const theirs = { db, owner: `${other.pid}:theirs:` };
  run(db, sql`UPDATE comparisons SET state = 'building', progress = 0 WHERE id = ${id}`);
  const order = beginBuild(theirs, id);
  putColumns(theirs, order.buildKey, [], 0.25);
  db.raw.close();
  const stateOf = async () => (await store.getComparison(id))?.state;
  const looked = async () => {
    for (let i = 0; i < 40; i++) await store.listComparisons();
    await store.settled();
  };
  await looked();
  expect(await stateOf(), 'it lives').toBe('building');
  other.kill('SIGKILL');
  await once(other, 'exit');
  await expect.poll(stateOf).toBe('ready');
  expect((await store.getComparison(id))?.counts.paired).toBe(4);
});
