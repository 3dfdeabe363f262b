import { execFileSync } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { addEvaluation, sample, temporaryFolder, testStore } from './workspace.ts';

/** What a thread of the store imports to start, by the words of the import. */
function importedBy(files: readonly string[]): string[] {
  const program = `
    import { registerHooks } from 'node:module';
    const words = [];
    registerHooks({ resolve(word, context, next) { words.push(word); return next(word, context); } });
    for (const file of ${JSON.stringify(files)}) await import(new URL('src-main/store/' + file, 'file://' + process.cwd() + '/'));
    console.log(JSON.stringify(words));`;
  return JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }),
  ) as string[];
}

test('a thread of the store starts without the library of schemas: it would take as long to load as all else', () => {
  const words = importedBy(['reader.ts', 'writer.ts', 'migrations/migrate.ts', 'tasks/tasks.ts', 'client.ts']);
  expect(words).toContain('better-sqlite3');
  expect(words.filter((word) => /^zod/.test(word))).toEqual([]);
});

test('tasks that hold on to little share a thread, one that fails ends its own, and a closed store starts none', async () => {
  const store = await testStore(temporaryFolder(), { checkIntegrity: false });
  let started = 0;
  const count = (): void => void started++;
  process.on('worker', count);
  onTestFinished(() => void process.off('worker', count));
  const id = await addEvaluation(store, 'one', [sample('a', 'right')]);
  const read = async (): Promise<string[]> => {
    const ids: string[] = [];
    await store.streamSamples(id, (rows) => {
      ids.push(...rows.map(({ sampleId }) => sampleId));
      return Promise.resolve();
    });
    return ids;
  };
  for (let i = 0; i < 12; i++) expect(await read()).toEqual(['a']);
  expect(started).toBe(1);
  await expect(store.streamSamples(id, () => Promise.reject(new Error('enough')))).rejects.toThrow('enough');
  expect(await Promise.all([read(), read(), read()])).toEqual([['a'], ['a'], ['a']]);
  expect(started).toBe(4);
  await store.close();
  await expect(read()).rejects.toThrow('closed');
});
