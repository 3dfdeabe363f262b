import { existsSync, mkdirSync, readdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { WorkbenchError } from '../../../src-main/shared/domain/errors.ts';
import { SeededRandom } from '../../../src-main/shared/domain/statistics/random.ts';
import { inside, refuseLinksIn, removeInside } from '../../../src-main/workbench/workspace/inside.ts';
import { temporaryFolder } from '../../helpers/workbench.ts';

/** A root with every kind of link in it, next to a folder that is nobody's business. */
function rootWithLinks(): { root: string; victim: string } {
  const base = realpathSync(temporaryFolder());
  const root = path.join(base, 'root');
  const victim = path.join(base, 'victim');
  for (const folder of [path.join(root, 'runs', 'a'), path.join(root, 'real'), victim]) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'file'), 'mine');
  }
  symlinkSync(victim, path.join(root, 'out'));
  symlinkSync(path.join(victim, 'new'), path.join(root, 'nowhere'));
  symlinkSync(path.join(root, 'real'), path.join(root, 'in'));
  symlinkSync('../../..', path.join(root, 'runs', 'up'));
  symlinkSync('loop', path.join(root, 'loop'));
  return { root, victim };
}

test('a stored value names a place inside the root by name and by real path, or is refused', () => {
  const { root } = rootWithLinks();
  const ok = ['runs', 'runs/a', 'runs/a/file', 'new', 'new/deeper', 'in', 'in/file', 'réports 1.html', '..a', 'a..'];
  expect(ok.map((name) => inside(root, name))).toEqual(ok.map((name) => path.join(root, name)));
  const bad = [
    '',
    '.',
    '..',
    '../victim',
    'runs/../../victim',
    '/etc/passwd',
    'runs//a',
    'a\\..\\..\\victim',
    'C:\\x',
    'a\0b',
  ];
  for (const name of [...bad, 'out', 'out/file', 'nowhere', 'runs/up/victim', 'loop']) {
    expect(() => inside(root, name), name).toThrow(WorkbenchError);
  }
  expect(() => inside(root)).toThrow(WorkbenchError);
});

test('whatever names are made of, nothing outside is named or removed', async () => {
  const { root, victim } = rootWithLinks();
  const random = new SeededRandom(7);
  const pieces = [
    '..',
    '.',
    '/',
    '//',
    '\\',
    'runs',
    'a',
    'up',
    'out',
    'in',
    'real',
    'nowhere',
    'file',
    'victim',
    '~',
    ' ',
    '%2e',
    'C:',
    '\0',
    'x',
  ];
  let refused = 0;
  for (let i = 0; i < 4000; i += 1) {
    const name = Array.from(
      { length: 1 + Math.floor(random.next() * 6) },
      () => pieces[Math.floor(random.next() * pieces.length)],
    ).join('');
    try {
      const place = inside(root, name);
      expect(place.startsWith(`${root}/`), JSON.stringify(name)).toBe(true);
      if (existsSync(place)) expect(realpathSync(place).startsWith(`${root}/`), JSON.stringify(name)).toBe(true);
      if (i % 10 === 0) await removeInside(root, name);
    } catch (error) {
      expect(error, JSON.stringify(name)).toBeInstanceOf(WorkbenchError);
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(1000);
  expect(readdirSync(victim)).toEqual(['file']);
  expect(existsSync(root)).toBe(true);
});

test('a folder that is handed to another program holds no link', async () => {
  const { root } = rootWithLinks();
  await expect(refuseLinksIn(root)).rejects.toMatchObject({ code: 'corrupt' });
  await expect(refuseLinksIn(path.join(root, 'real'))).resolves.toBeUndefined();
});
