import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { progressOf } from '../../src-main/shells/electron/activity.ts';
import { withoutPerson } from '../../src-main/shells/electron/diagnostics.ts';
import { commandScript, installCommand } from '../../src-main/shells/electron/install-command.ts';
import { placeOfLink } from '../../src-main/shells/electron/links.ts';
import { readRecent, rememberRecent } from '../../src-main/shells/electron/recent-workspaces.ts';
import { parseStart } from '../../src-main/shells/electron/start-request.ts';
import { placeToOpen, readPlaces, writePlace } from '../../src-main/shells/electron/window-bounds.ts';
import { temporaryFolder } from '../helpers/workbench.ts';

vi.mock('electron', () => import('./stand-in.ts'));

test('keeps place and zoom per display, and forgets a display that is gone', async () => {
  const file = path.join(temporaryFolder(), 'window.json');
  const at = (x: number, zoom: number) => ({ x, y: 10, width: 1200, height: 800, maximized: false, zoom });
  await writePlace(file, 'left', at(20, 0));
  await writePlace(file, 'right', at(2000, 1));
  const left = { key: 'left', x: 0, y: 0, width: 1920, height: 1080 };
  const right = { key: 'right', x: 1920, y: 0, width: 1920, height: 1080 };
  const places = await readPlaces(file);
  expect(placeToOpen(places, [left, right])).toEqual(at(2000, 1));
  expect(placeToOpen(places, [left])).toEqual(at(20, 0));
  expect(placeToOpen(places, [{ ...right, key: 'new', x: 0 }])).toBeNull();
  writeFileSync(file, '{"last":');
  expect(await readPlaces(file)).toBeNull();
});

test('reads what a start asks for, and nothing from words that are not of the form', () => {
  const start = (...args: string[]) => parseStart(args, '/home/me');
  const nothing = { workspace: null, file: null, place: null, command: null };
  expect(start('--workspace', 'w')).toEqual({ ...nothing, workspace: path.resolve('/home/me/w') });
  expect(start('--no-sandbox', 'a.flipguard')).toEqual({ ...nothing, file: path.resolve('/home/me/a.flipguard') });
  expect(start('notes.txt', '--inspect')).toEqual(nothing);
  expect(start('--cli', 'list', '--workspace', 'w')).toEqual({ ...nothing, command: ['list', '--workspace', 'w'] });
  expect(start('flipguard://comparison/cmp-1/sample/42').place).toBe('#/compare/cmp-1?sample=42');
  for (const link of [
    'flipguard://run/../x',
    'flipguard://run/a"b',
    'flipguard://settings',
    'flipguard://run/',
    'https://run/a',
  ])
    expect(placeOfLink(link), link).toBeNull();
});

test('remembers recent workspaces, newest first, and drops those that are gone', async () => {
  const home = temporaryFolder();
  const file = path.join(home, 'recent.json');
  const folders = ['a', 'b'].map((name) => path.join(home, name));
  for (const one of folders) mkdirSync(one);
  await rememberRecent(file, folders[0] ?? '');
  expect(await rememberRecent(file, folders[1] ?? '')).toEqual([folders[1], folders[0]]);
  rmSync(folders[1] ?? '', { recursive: true });
  expect(await readRecent(file)).toEqual([folders[0]]);
});

test('installs its command, over its own and over no other program', async () => {
  const bin = path.join(temporaryFolder(), 'bin');
  const { file } = await installCommand("/opt/Flip Guard's/flipguard-workbench", bin, 'linux');
  expect(readFileSync(file, 'utf8')).toContain(`exec '/opt/Flip Guard'\\''s/flipguard-workbench' --cli "$@"`);
  await installCommand('/opt/new/flipguard-workbench', bin, 'linux');
  expect(readFileSync(file, 'utf8')).toBe(commandScript('/opt/new/flipguard-workbench', 'linux'));
  writeFileSync(file, '#!/bin/sh\necho mine\n');
  await expect(installCommand('/opt/new/flipguard-workbench', bin, 'linux')).rejects.toMatchObject({
    code: 'conflict',
  });
});

test('shows the share of all steps as progress', () => {
  const run = (step: number, totalSteps: number | null) => ({ step, totalSteps });
  expect(progressOf([])).toBeNull();
  expect(progressOf([run(10, 40), run(20, 60)])).toBeCloseTo(0.3);
  expect(progressOf([run(10, 40), run(1, null)])).toBe(2);
});

test('takes names and paths out of a text', () => {
  const person = { home: '/home/ada', user: 'ada', host: 'engine-1' };
  expect(withoutPerson('ada at engine-1: /home/ada/w/workspace.sqlite is damaged', person)).toBe(
    '(user) at (machine): (path) is damaged',
  );
  expect(withoutPerson('C:\\Users\\ada\\w\\x.db, 3.5 GB/s, and/or', person)).toBe('(path), 3.5 GB/s, and/or');
});
