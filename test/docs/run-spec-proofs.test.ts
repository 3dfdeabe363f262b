import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { referencePages } from '../../build/docs/pages.ts';
import { runSpecProofs, type Proof } from './run-spec-proofs.ts';

const tests = path.resolve(import.meta.dirname, '..');

/** Sections and keys of the page; an object's row is its section's, which has rows of its own. */
function rowsOf(page: string): string[] {
  const rows: string[] = [];
  let section = '';
  for (const line of page.split('\n')) {
    if (line.startsWith('## ')) section = line.slice(3).replaceAll('`', '');
    const [, key, accepts] = /^\| `([^`]+)` \| ([^|]+) \|/.exec(line) ?? [];
    if (key !== undefined) rows.push(`${section}: ${key}${accepts?.includes('object') === true ? ' (object)' : ''}`);
  }
  const headed = new Set(
    [...page.matchAll(/^## ([^\n]+)$/gm)].map(([, title]) => (title ?? '').split(',')[0]?.split('.').at(-1)),
  );
  const isHead = (row: string) => row.endsWith(' (object)') && headed.has(row.split(': ')[1]?.replace(' (object)', ''));
  const leaves = rows.filter((row) => !isHead(row) || row in flat || row.replace(' (object)', '') in flat);
  return [...new Set(leaves.map((row) => row.replace(' (object)', '')))];
}

const flat: Readonly<Record<string, Proof>> = Object.fromEntries(
  Object.entries(runSpecProofs).flatMap(([section, keys]) =>
    Object.entries(keys).map(([key, proof]) => [`${section}: ${key}`, proof]),
  ),
);

/** What is wrong with a proof; null where the test is there, names the key, and has the recorded case. */
function faultOf(row: string, { file, test: title, golden, by }: Proof): string | null {
  const place = path.join(tests, file);
  if (!existsSync(place)) return `${row}: there is no test/${file}`;
  const source = readFileSync(place, 'utf8');
  const quoted = title.startsWith('`') ? [title] : [`'${title}'`, `"${title}"`, `\`${title}\``];
  const named = quoted.some(
    (text) => source.includes(`(${text},`) || new RegExp(`\\(\\s*${escaped(text)},`).test(source),
  );
  if (!named) return `${row}: test/${file} has no test ${title}`;
  const key = by ?? row.split(': ')[1] ?? '';
  if (!source.includes(key)) return `${row}: test/${file} does not speak of ${key}`;
  if (golden === undefined) return null;
  const [recorded, name] = golden;
  if (!source.includes(`('${recorded}')`)) return `${row}: test/${file} does not read the recorded ${recorded}`;
  const { cases } = JSON.parse(readFileSync(path.join(tests, 'assets/training', `${recorded}.json`), 'utf8')) as {
    cases: Record<string, unknown>;
  };
  return name in cases ? null : `${row}: ${recorded}.json has no case ${name}`;
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

test('every row of the run-spec reference is proven by recorded or hand-worked numbers, in a test that is there', () => {
  const rows = rowsOf(referencePages()['run-spec.md'] ?? '');
  expect(rows.length).toBeGreaterThan(100);
  expect({
    'without a proof: add one to run-spec-proofs.ts': rows.filter((row) => !(row in flat)),
    'proofs of rows that are gone': Object.keys(flat).filter((row) => !rows.includes(row)),
    'proofs that do not hold': Object.entries(flat).flatMap(([row, proof]) => faultOf(row, proof) ?? []),
  }).toEqual({
    'without a proof: add one to run-spec-proofs.ts': [],
    'proofs of rows that are gone': [],
    'proofs that do not hold': [],
  });
});
