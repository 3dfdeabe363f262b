import { existsSync, mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';
import { createMadeFiles } from '../../../src-main/workbench/workspace/made-files.ts';
import type { MadeFiles } from '../../../src-main/workbench/workspace/made-files.ts';
import { openTestWorkbench, temporaryFolder } from '../../helpers/workbench.ts';

const start = Date.UTC(2030, 0, 10, 12);
const dayMs = 24 * 60 * 60 * 1000;

/** The files of a real workspace under a clock that the test moves, in days. */
async function open() {
  const workbench = await openTestWorkbench({ folder: path.join(temporaryFolder(), 'workspace') });
  const { layout, store } = workbench.core;
  let day = 0;
  const made = createMadeFiles(workbench.core, () => start + day * dayMs);
  return {
    layout,
    store,
    made,
    /** Opens the workspace on this day. */
    async on(later: number): Promise<string[]> {
      day = later;
      return made.tidy();
    },
  };
}

async function onEachOf(days: readonly number[], on: (day: number) => Promise<string[]>): Promise<string[]> {
  const removed: string[] = [];
  for (const day of days) removed.push(...(await on(day)));
  return removed;
}

const write = (made: MadeFiles, place: 'uploads' | 'exports', name: string): Promise<string> =>
  made.make(place, name, (file) => Promise.resolve(writeFileSync(file, name)));

test('uploads and exports go a week after they were made, from the list and with their folders', async () => {
  const { layout, made, on, store } = await open();
  const upload = await write(made, 'uploads', 'a.jsonl');
  const exported = await write(made, 'exports', 'b.csv');
  expect(await onEachOf([1, 2, 3, 4, 5, 6], on)).toEqual([]);
  const later = await write(made, 'exports', 'c.csv');
  expect(await on(7)).toEqual([upload, exported]);
  expect([readdirSync(layout.uploads), readdirSync(layout.exports)]).toEqual([
    [],
    [path.basename(path.dirname(later))],
  ]);
  expect((await store.listMadeFiles()).map(({ name }) => name)).toEqual(['c.csv']);
});

test('a clock that jumps, forth, back, or again and again between two days, removes nothing of this week', async () => {
  const { made, on } = await open();
  const upload = await write(made, 'uploads', 'a.jsonl');
  const flapping = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 31 : 0));
  expect(await onEachOf([31, 31, 400, -5000, ...flapping], on)).toEqual([]);
  expect(existsSync(upload)).toBe(true);
});

test('a workspace that is opened once a month keeps what was made until it was used on seven days', async () => {
  const { made, on } = await open();
  const upload = await write(made, 'uploads', 'a.jsonl');
  expect(await onEachOf([30, 60, 90, 120, 150, 180], on)).toEqual([]);
  expect(await on(210)).toEqual([upload]);
});

test('what somebody changed or put next to a file stays, and is theirs from then on', async () => {
  const { layout, made, on, store } = await open();
  const edited = await write(made, 'exports', 'edited.csv');
  writeFileSync(edited, 'edited.csv');
  writeFileSync(edited, 'with a column of mine');
  const accompanied = await write(made, 'exports', 'taken.csv');
  const mine = path.join(path.dirname(accompanied), 'notes.txt');
  writeFileSync(mine, 'mine');
  writeFileSync(`${accompanied}.0123456789ab.tmp`, 'left by a power cut');
  const never = path.join(layout.uploads, 'thesis.tex');
  writeFileSync(never, 'mine');
  await onEachOf([1, 2, 3, 4, 5, 6, 7], on);
  expect([edited, mine, never, accompanied].map(existsSync)).toEqual([true, true, true, false]);
  expect(readdirSync(path.dirname(mine))).toEqual(['notes.txt']);
  expect(await store.listMadeFiles()).toEqual([]);
});

test('what a killed program left half-made goes too, a failed one leaves nothing at all', async () => {
  const { layout, made, on, store } = await open();
  const folder = '3f1c2f6e-8d9b-4c1a-9a55-0123456789ab';
  await store.addMadeFile({ place: 'uploads', folder, name: 'half.jsonl', createdAt: start, madeOn: 1 });
  mkdirSync(path.join(layout.uploads, folder));
  writeFileSync(path.join(layout.uploads, folder, 'half.jsonl'), 'ha');
  await store.addMadeFile({ place: 'exports', folder, name: 'none.csv', createdAt: start, madeOn: 1 });
  await expect(made.make('exports', 'x.csv', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(readdirSync(layout.exports)).toEqual([]);
  await onEachOf([1, 2, 3, 4, 5, 6, 7, 8], on);
  expect([readdirSync(layout.uploads), await store.listMadeFiles()]).toEqual([[], []]);
});

test('no row, name or link has a file removed that the workbench did not make', async () => {
  const { layout, made, on, store } = await open();
  const uuid = (n: number): string => `3f1c2f6e-8d9b-4c1a-9a55-${String(n).padStart(12, '0')}`;
  const victim = path.join(layout.root, '..', 'victim');
  mkdirSync(path.join(victim, uuid(1)), { recursive: true });
  const files = ['thesis.tex', `${uuid(1)}/thesis.tex`].map((name) => path.join(victim, name));
  // In the workspace, but none of those that are made here.
  mkdirSync(path.join(layout.runs, uuid(1)));
  mkdirSync(path.join(layout.exports, 'figures'));
  files.push(path.join(layout.runs, uuid(1), 'spec.json'), path.join(layout.exports, 'figures', 'thesis.tex'));
  for (const file of files) writeFileSync(file, 'years of work');
  // The folder is a link, and the file is a link.
  symlinkSync(victim, path.join(layout.uploads, uuid(2)));
  mkdirSync(path.join(layout.uploads, uuid(3)));
  symlinkSync(path.join(victim, 'thesis.tex'), path.join(layout.uploads, uuid(3), 'thesis.tex'));
  const rows: [string, string, string][] = [
    ['uploads', '../../victim', 'thesis.tex'],
    ['uploads', '..', '../victim/thesis.tex'],
    ['uploads', uuid(1), '../../../victim/thesis.tex'],
    ['uploads', uuid(2), 'thesis.tex'],
    ['uploads', uuid(3), 'thesis.tex'],
    ['exports', 'figures', 'thesis.tex'],
    ['exports', '.', 'figures'],
    ['exports', '', ''],
    ['exports', victim, 'thesis.tex'],
    ['runs', uuid(1), 'spec.json'],
    ['..', uuid(1), 'thesis.tex'],
    ['__proto__', uuid(1), 'thesis.tex'],
    ['uploads', `${uuid(1)}\0`, 'thesis.tex'],
  ];
  const db = new Database(store.path);
  for (const row of rows) {
    db.prepare('INSERT INTO made_files (place, folder, name, created_at, made_on) VALUES (?, ?, ?, 0, 0)').run(row);
  }
  db.close();
  const good = await write(made, 'uploads', 'a.jsonl');
  expect(await onEachOf([1, 2, 3, 4, 5, 6, 7, 8, 9], on)).toEqual([good]);
  expect(files.map(existsSync)).toEqual(files.map(() => true));
  expect(existsSync(path.join(layout.uploads, uuid(2)))).toBe(true);
  expect(await store.listMadeFiles()).toEqual([]);
});

test('a folder that becomes a link between making and tidying is left, with what it leads to', async () => {
  const { layout, made, on } = await open();
  const upload = await write(made, 'uploads', 'a.jsonl');
  const elsewhere = path.join(layout.root, '..', 'elsewhere');
  renameSync(path.dirname(upload), elsewhere);
  symlinkSync(elsewhere, path.dirname(upload));
  await onEachOf([1, 2, 3, 4, 5, 6, 7, 8], on);
  expect(existsSync(path.join(elsewhere, 'a.jsonl'))).toBe(true);
});
