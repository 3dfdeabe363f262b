import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { changeKinds } from '../../../src-main/shared/domain/kinds/change-kinds.ts';
import { unsureKinds } from '../../../src-main/shared/domain/kinds/kind-sentences.ts';
import { measuredTable, measureRules } from '../../bench/kinds/measure.ts';

const measured = measureRules();
const page = path.resolve(import.meta.dirname, '../../../docs/reference/kinds-of-change.md');

test('every rule has a marked set of 60 texts or more, a fifth of them not of its kind', () => {
  expect(measured.map(({ kind }) => kind)).toEqual([...changeKinds]);
  expect(measured.filter(({ texts, hard }) => texts < 60 || hard * 5 < texts).map(({ kind }) => kind)).toEqual([]);
});

test('the reference says what is measured, and what is below 0.95 precision is called “maybe”', () => {
  // `npm run bench:kinds` rewrites it.
  expect(readFileSync(page, 'utf8')).toContain(measuredTable(measured));
  const unsure = measured.filter(({ precision }) => (precision.value ?? 0) < 0.95).map(({ kind }) => kind);
  expect([...unsureKinds]).toEqual(unsure);
});
