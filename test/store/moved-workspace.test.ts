import { cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addEvaluation, sample, temporaryFolder, testStore } from './workspace.ts';

const refused = (folder: string) => ({
  code: 'io',
  message: `The workspace ${folder} was moved, deleted or replaced while it was open; nothing was written.`,
  remedy: expect.any(String),
});

test('a workspace that is moved while it is open takes no writes until it is back', async () => {
  const folder = join(temporaryFolder(), 'here');
  const store = await testStore(folder);
  const ingest = await store.beginEvaluation({
    name: 'half',
    suiteId: null,
    suiteName: 's',
    modelId: null,
    runId: null,
    checkpointId: null,
    step: null,
    decoding: null,
    import: null,
  });
  await ingest.push([sample('a', 'right')]);
  renameSync(folder, `${folder}-moved`);
  await expect(store.setSetting('x', '1')).rejects.toMatchObject(refused(folder));
  await expect(ingest.push([sample('b', 'right')]), 'work that had begun').rejects.toMatchObject(refused(folder));
  await expect(addEvaluation(store, 'new', [sample('a', 'right')])).rejects.toMatchObject(refused(folder));
  expect(await store.listEvaluations(), 'it can be read').toEqual([]);
  renameSync(`${folder}-moved`, folder);
  await store.setSetting('x', '2');
  expect(await store.getSetting('x')).toBe('2');
});

test('one that is deleted, or put there again from a copy, is not taken for the one that was opened', async () => {
  const folder = join(temporaryFolder(), 'here');
  await (await testStore(folder)).close();
  cpSync(folder, `${folder}-copy`, { recursive: true });
  const store = await testStore(folder);
  rmSync(folder, { recursive: true });
  await expect(store.setSetting('x', '1')).rejects.toMatchObject(refused(folder));
  cpSync(`${folder}-copy`, folder, { recursive: true });
  await expect(store.setSetting('x', '1')).rejects.toMatchObject(refused(folder));
  await store.close();
  const again = await testStore(folder);
  expect(await again.getSetting('x')).toBeNull();
});
