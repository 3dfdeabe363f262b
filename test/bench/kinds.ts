/**
 * How often the rules of kinds of change are right: each on a set of texts that were written for it and marked by reading, hard
 * negatives among them. `npm run bench:kinds` prints it, and writes the table of docs/reference/kinds-of-change.md.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { measuredTable, measureRules } from './kinds/measure.ts';

const page = path.resolve(import.meta.dirname, '../../docs/reference/kinds-of-change.md');
const [begin, end] = ['<!-- measured: npm run bench:kinds -->', '<!-- end of what was measured -->'];

const measured = measureRules();
const table = measuredTable(measured);
console.info(table);
for (const { kind, wrong } of measured) {
  for (const { old, now, holds } of wrong) {
    const cut = (text: string) => JSON.stringify(text.length > 90 ? `${text.slice(0, 89)}…` : text);
    console.info(`${kind}: ${holds ? 'missed' : 'false alarm'}: ${cut(old)} → ${cut(now)}`);
  }
}
const text = readFileSync(page, 'utf8');
const [head, rest] = text.split(begin);
const tail = rest?.split(end)[1];
if (head === undefined || tail === undefined) throw new Error(`${page} has no place for the table`);
writeFileSync(page, `${head}${begin}\n\n${table}\n\n${end}${tail}`);
