import { join } from 'node:path';
import { expect, test } from 'vitest';
import { databaseName } from '../../src-main/store/client.ts';
import type { Store } from '../../src-main/store/api.ts';
import { openForReading } from '../../src-main/store/database.ts';
import type { SampleResult, Verdict } from '../../src-main/shared/domain/evaluations.ts';
import { addEvaluation, compare, sample, temporaryFolder, testStore } from './workspace.ts';

const byId = { column: 'sampleId', direction: 'ascending' } as const;

/** Counts by tag, and the samples of each tag, as the flip browser asks for them. */
async function tagged(store: Store, left: string, right: string): Promise<Record<string, [number, string[]]>> {
  const { id } = await compare(store, left, right);
  const found: Record<string, [number, string[]]> = {};
  for (const { value, count } of (await store.flipFacets(id, {})).tags) {
    const { viewId } = await store.openFlipView(id, { tags: [value] }, byId);
    const rows = await store.flipWindow(viewId, 0, 100);
    expect(rows.every(({ tags }) => tags.filter((tag) => tag === value).length === 1)).toBe(true);
    found[value] = [count, rows.map(({ sampleId }) => sampleId)];
  }
  return found;
}

async function exported(store: Store, id: string): Promise<SampleResult[]> {
  const all: SampleResult[] = [];
  await store.streamSamples(id, async (batch) => Promise.resolve(void all.push(...batch)));
  return all;
}

/** Tags of the samples’ results by id, those with none left out. */
async function resultTagsOf(store: Store, id: string): Promise<Record<string, string[]>> {
  const rows = await exported(store, id);
  return Object.fromEntries(rows.flatMap(({ sampleId, resultTags }) => (resultTags ? [[sampleId, resultTags]] : [])));
}

test('what both results and the sample are tagged with counts once, and is told by side', async () => {
  const store = await testStore();
  const left = await addEvaluation(store, 'l', [
    sample('0', null, { tags: ['error'], resultTags: ['error'] }),
    sample('1', 'right', { tags: ['hard'], resultTags: ['content-filter'] }),
    sample('left alone', 'right', { resultTags: ['error'] }),
  ]);
  const right = await addEvaluation(store, 'r', [
    sample('0', null, { resultTags: ['error', 'empty-patch'] }),
    sample('1', 'right'),
  ]);
  expect(await tagged(store, left, right)).toEqual({
    error: [1, ['0']],
    'empty-patch': [1, ['0']],
    hard: [1, ['1']],
    'content-filter': [1, ['1']],
  });
  const { id } = await compare(store, left, right);
  const { sampleKeys } = await store.flipVectors(id, {});
  const details = await Promise.all([...sampleKeys].map((key) => store.sampleDetail(id, key)));
  expect(details.map((one) => [one?.sampleId, one?.tags, one?.left?.tags, one?.right?.tags])).toEqual([
    ['0', ['error'], ['error'], ['empty-patch', 'error']],
    ['1', ['hard'], ['content-filter'], undefined],
  ]);
});

test('a result of another wording of the sample keeps its tags, where pairs are made by id', async () => {
  const store = await testStore();
  const worded = (words: string, tagged: readonly string[]) =>
    ['a', 'b', 'c'].map((id) =>
      sample(id, 'right', {
        prompt: `${words} ${id}`,
        target: undefined,
        ...(tagged.includes(id) ? { resultTags: ['error'] } : {}),
      }),
    );
  const left = await addEvaluation(store, 'l', worded('old', ['a']));
  const right = await addEvaluation(store, 'r', worded('new', ['c']).reverse());
  expect(await tagged(store, left, right)).toEqual({ error: [2, ['a', 'c']] });
  expect(await tagged(store, right, left)).toEqual({ error: [2, ['a', 'c']] });
});

test('a result that is written again loses the tags that it had, and no other loses any', async () => {
  const store = await testStore();
  const ingest = await store.beginEvaluation({
    ...{ name: 'e', suiteId: null, suiteName: 'suite', modelId: null, runId: null, checkpointId: null },
    ...{ step: null, decoding: null, import: null },
  });
  const failed = (id: string, ...resultTags: string[]) => sample(id, null, { resultTags });
  await ingest.push([failed('0', 'error', 'content-filter'), failed('1', 'error'), failed('2', 'error')]);
  await ingest.push([sample('0', 'right'), failed('1', 'content-filter')]);
  const id = await ingest.commit();
  expect(await resultTagsOf(store, id)).toEqual({ 1: ['content-filter'], 2: ['error'] });
});

test.each([[[1, 2, 3]], [[3, 1, 2]], [[2, 3, 1, 1]]])(
  'answers that arrive one by one as %j keep the tags of each',
  async (order) => {
    const store = await testStore();
    const tags: Record<number, string[]> = { 1: [], 2: ['error'], 3: ['content-filter'] };
    const answer = (number: number) =>
      sample('0', 'right', {
        attempts: [{ number, output: 'x', score: null, verdict: 'right' as Verdict }],
        resultTags: tags[number] ?? [],
      });
    const id = await addEvaluation(store, 'e', order.map(answer));
    expect(await resultTagsOf(store, id)).toEqual({ 0: ['content-filter', 'error'] });
  },
);

test('a tag taken off samples stays where a result says so', async () => {
  const store = await testStore();
  const left = await addEvaluation(store, 'l', [sample('0', 'right', { tags: ['error'] }), sample('1', 'right')]);
  const right = await addEvaluation(store, 'r', [sample('0', 'right'), sample('1', null, { resultTags: ['error'] })]);
  expect(await tagged(store, left, right)).toEqual({ error: [2, ['0', '1']] });
  const { sampleKeys } = await store.flipVectors((await compare(store, left, right)).id, {});
  await store.tagSamples([...sampleKeys], 'error', false);
  expect(await tagged(store, left, right)).toEqual({ error: [1, ['1']] });
});

test('tags of results go with their evaluation, and do not hold its samples', async () => {
  const folder = temporaryFolder();
  const store = await testStore(folder);
  const kept = await addEvaluation(store, 'kept', [sample('0', null, { resultTags: ['empty-patch'] })]);
  const gone = await addEvaluation(store, 'gone', [
    sample('0', null, { resultTags: ['error'] }),
    sample('1', null, { resultTags: ['error'] }),
  ]);
  await store.removeEvaluation(gone);
  await store.settled();
  const db = openForReading(join(folder, databaseName));
  const rows = db.raw.prepare('SELECT n.name FROM result_tags JOIN names n USING (name_key)').pluck().all();
  expect([rows, db.raw.prepare('SELECT external_id FROM samples').pluck().all()]).toEqual([['empty-patch'], ['0']]);
  db.raw.close();
  expect(await resultTagsOf(store, kept)).toEqual({ 0: ['empty-patch'] });
});
