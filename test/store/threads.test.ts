import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

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
