import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const checkout = resolve(import.meta.dirname, '../..');
const pages = globSync(['*.md', 'docs/**/*.md'], { cwd: checkout }).sort();
const read = (page: string): string => readFileSync(join(checkout, page), 'utf8');

/** Heading → anchor, as GitHub makes them. */
function anchorsOf(page: string): Set<string> {
  const headings = [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, text = '']) => text);
  const anchors = headings.map((text) =>
    text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return new Set(anchors);
}

function isBroken(page: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : join(dirname(page), path);
  if (!existsSync(join(checkout, file))) return true;
  return anchor !== undefined && !anchorsOf(file).has(anchor);
}

it('links between pages lead somewhere', () => {
  const broken = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^[a-z]+:/.test(target) && isBroken(page, target))
      .map((target) => `${page}: ${target}`),
  );
  expect(broken).toEqual([]);
});

it('every page of docs can be reached from the README', () => {
  const reached = new Set<string>();
  const visit = (page: string): void => {
    if (reached.has(page) || !page.endsWith('.md') || !existsSync(join(checkout, page))) return;
    reached.add(page);
    for (const [, path = ''] of read(page).matchAll(/\]\(([^)#:\s]+)/g)) visit(join(dirname(page), path));
  };
  visit('README.md');
  expect(pages.filter((page) => !reached.has(page))).toEqual([]);
});

it('every file that the architecture page names is there', () => {
  const named = [...read('docs/architecture.md').matchAll(/`((?:src-main|src-renderer|build|test)\/[\w./-]+)`/g)].map(
    ([, file = '']) => file,
  );
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((file) => !existsSync(join(checkout, file)))).toEqual([]);
});
