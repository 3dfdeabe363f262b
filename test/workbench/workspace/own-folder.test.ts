import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { markerName } from '../../../src-main/workbench/workspace/own-folder.ts';
import { reserveName } from '../../../src-main/workbench/workspace/open-workspace.ts';
import { importVerdicts, openTestWorkbench, temporaryFolder } from '../../helpers/workbench.ts';

const long = new Date(Date.UTC(2020, 0, 1));

function write(file: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, 'years of work');
  utimesSync(file, long, long);
  utimesSync(path.dirname(file), long, long);
}

/** Every path below a folder with its content, so that any change shows. */
function photograph(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries.map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      return [
        file,
        entry.isFile()
          ? readFileSync(file, 'latin1')
          : `${entry.isSymbolicLink() ? 'link' : 'folder'} ${statSync(file).mode}`,
      ];
    }),
  );
}

const foreign: Record<string, readonly string[]> = {
  'a thesis': ['thesis.tex', 'figures/one.pdf'],
  'folders of our names': ['exports/thesis.pdf', 'uploads/notes.txt'],
  'a hidden folder': ['.git/HEAD'],
  'one empty file': ['x'],
  'folders of runs of something else': ['runs/events.out.tfevents', 'cache/x'],
  'a marker that is a folder': [`${markerName}/file`, 'thesis.tex'],
};

test.each(Object.keys(foreign))('%s is no workspace, and nothing in it changes', async (name) => {
  const folder = temporaryFolder();
  for (const file of foreign[name] ?? []) write(path.join(folder, file));
  const before = photograph(folder);
  await expect(openTestWorkbench({ folder })).rejects.toMatchObject({ code: 'bad-input' });
  expect(photograph(folder)).toEqual(before);
});

test('another program’s database is refused as it is', async () => {
  const folder = temporaryFolder();
  const other = new Database(path.join(folder, 'workspace.sqlite'));
  other.exec('CREATE TABLE t (x)');
  other.close();
  const before = photograph(folder);
  await expect(openTestWorkbench({ folder })).rejects.toMatchObject({ code: 'unsupported' });
  expect(photograph(folder)).toEqual(before);
});

test('a folder that holds empty files alone is as good as an empty one, and keeps them', async () => {
  const folder = temporaryFolder();
  const log = path.join(folder, 'errors.log');
  writeFileSync(log, '');
  const workbench = await openTestWorkbench({ folder });
  await workbench.close();
  writeFileSync(log, 'written meanwhile');
  await (await openTestWorkbench({ folder })).close();
  expect(readFileSync(log, 'utf8')).toBe('written meanwhile');
});

test('an empty or absent folder becomes one, private to its owner, and is one from then on', async () => {
  const folder = path.join(temporaryFolder(), 'deep', 'workspace');
  const workbench = await openTestWorkbench({ folder });
  await importVerdicts(workbench, { old: '10' });
  await workbench.close();
  const modes = readdirSync(folder, { withFileTypes: true }).map((entry) => [
    entry.name,
    (statSync(path.join(folder, entry.name)).mode & 0o777).toString(8),
  ]);
  expect(Object.fromEntries(modes)).toEqual({
    ...Object.fromEntries(
      ['at-sites', 'cache', 'exports', 'locks', 'models', 'reports', 'runs', 'uploads'].map((name) => [name, '700']),
    ),
    [markerName]: '600',
    [reserveName]: '600',
    'workspace.sqlite': '600',
  });
  expect((statSync(folder).mode & 0o777).toString(8)).toBe('700');
  write(path.join(folder, 'exports', 'mine.pdf'));
  write(path.join(folder, 'uploads', 'old', 'mine.pdf'));
  const again = await openTestWorkbench({ folder });
  expect((await again.evaluations.list()).map((one) => one.name)).toEqual(['old']);
  await again.close();
  // However old it is, what the workbench did not make stays.
  expect([
    existsSync(path.join(folder, 'exports', 'mine.pdf')),
    existsSync(path.join(folder, 'uploads', 'old', 'mine.pdf')),
  ]).toEqual([true, true]);
});

test('a workspace from before the marker is taken for what it is', async () => {
  const folder = temporaryFolder();
  await (await openTestWorkbench({ folder })).close();
  rmSync(path.join(folder, markerName));
  await (await openTestWorkbench({ folder })).close();
  expect(existsSync(path.join(folder, markerName))).toBe(true);
});

test.each(['lost', 'empty'])('a database that is %s is said, and no new one takes its place', async (how) => {
  const folder = temporaryFolder();
  const workbench = await openTestWorkbench({ folder });
  await importVerdicts(workbench, { old: '10' });
  await workbench.close();
  const database = path.join(folder, 'workspace.sqlite');
  if (how === 'lost') rmSync(database);
  else truncateSync(database, 0);
  const before = photograph(folder);
  await expect(openTestWorkbench({ folder })).rejects.toMatchObject({
    code: 'corrupt',
    message: expect.stringMatching(/database of the workspace/) as string,
  });
  expect(photograph(folder)).toEqual(before);
});

test('a lost database of a workspace from before the marker is told by its runs', async () => {
  const folder = temporaryFolder();
  write(path.join(folder, 'runs', 'run-1', 'spec.json'));
  await expect(openTestWorkbench({ folder })).rejects.toMatchObject({ code: 'corrupt' });
});

test('a workspace of which a part leads elsewhere is refused, and what is there stays', async () => {
  const folder = temporaryFolder();
  const victim = temporaryFolder();
  write(path.join(victim, 'thesis.pdf'));
  await (await openTestWorkbench({ folder })).close();
  const before = photograph(victim);
  for (const name of ['uploads', 'runs', 'cache', 'backups', 'workspace.sqlite', 'workspace.sqlite-wal']) {
    const [place, aside] = [path.join(folder, name), path.join(victim, '..', `${path.basename(victim)}-aside`)];
    if (existsSync(place)) renameSync(place, aside);
    symlinkSync(name.includes('.') ? path.join(victim, 'thesis.pdf') : victim, place);
    await expect(openTestWorkbench({ folder }), name).rejects.toMatchObject({ code: 'unsupported' });
    rmSync(place);
    if (existsSync(aside)) renameSync(aside, place);
  }
  expect(photograph(victim)).toEqual(before);
});
