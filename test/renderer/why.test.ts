import { expect, test } from 'vitest';
import { computed, ref, shallowRef } from 'vue';
import type { Evidence } from '../../src-main/shared/domain/kinds/change-kinds.ts';
import { commonWords } from '../../src-renderer/format/common-words.ts';
import { withEvidence } from '../../src-renderer/format/evidence-marks.ts';
import { populationPart } from '../../src-renderer/format/flip-filter.ts';
import { defaultState, fromQueryText, toQueryText } from '../../src-renderer/format/flip-query.ts';
import { flipsShown, withKindAlone, withKindToo } from '../../src-renderer/format/why-filter.ts';

function evidence(side: 'left' | 'right', span: Evidence['span'], rule: string): Evidence {
  return { kind: 'refusal', side, span, rule, change: 'appeared' };
}

test('evidence is cut out of the difference where it begins and ends, across its parts', () => {
  const parts = [
    { text: 'I can', changed: false },
    { text: 'not help', changed: true },
  ];
  const found = [
    evidence('left', { from: 0, to: 1 }, 'of the other side'),
    evidence('right', null, 'points nowhere'),
    evidence('right', { from: 2, to: 8 }, 'refuses'),
    evidence('right', { from: 5, to: 13 }, 'loops'),
  ];
  const marked = withEvidence(parts, found, 'right');
  expect(marked).toEqual([
    { text: 'I ', changed: false, rules: [], begins: null },
    { text: 'can', changed: false, rules: ['refuses'], begins: 2 },
    { text: 'not', changed: true, rules: ['refuses', 'loops'], begins: 3 },
    { text: ' help', changed: true, rules: ['loops'], begins: null },
  ]);
  expect(marked.map(({ text }) => text).join('')).toBe('I cannot help');
});

test('a part of the bar lists its kind alone, a second choice adds to it, and the flips stay those the bar counts', () => {
  const alone = withKindAlone({ slices: ['maths'] }, 'cut');
  expect([alone, withKindToo(alone, 'empty'), withKindAlone(alone, 'cut')]).toEqual([
    { slices: ['maths'], kinds: ['negative'], changes: ['cut'] },
    { slices: ['maths'], kinds: ['negative'], changes: ['cut', 'empty'] },
    { slices: ['maths'], kinds: ['negative'] },
  ]);
  const repaired = withKindAlone({ kinds: ['positive'] }, 'refusal:gone');
  expect([flipsShown(repaired), repaired.changes]).toEqual(['positive', ['refusal:gone']]);
});

test('kinds of change travel in the address, and are no part of what rates are of', () => {
  const filter = { kinds: ['negative' as const], changes: ['cut', 'refusal:gone'], trained: 'without' as const };
  expect(fromQueryText(toQueryText({ ...defaultState, filter })).filter).toEqual(filter);
  expect(populationPart(filter)).toEqual({ trained: 'without' });
});

test('what samples have in common is a line only where it has something to say: nothing of one sample, nor of a judge who found nothing', () => {
  const found = (samples: number, best: readonly unknown[]) => ({ samples, best }) as never;
  const quiet = { error: shallowRef(null), working: ref(false), job: computed(() => null) };
  const shown = (...[told, judged, state = quiet]: [unknown, unknown, typeof quiet?]) =>
    commonWords(told as never, judged as never, state).isShown;
  expect([shown(found(2, ['a']), null), shown(found(3, []), found(3, ['b']))]).toEqual([true, true]);
  expect([shown(null, null), shown(found(3, []), found(3, []))]).toEqual([false, false]);
  expect(shown(found(1, ['a']), found(1, ['b']))).toBe(false);
  // A quick search leaves no empty line behind while it lasts; a long one shows how far it is.
  const working = { ...quiet, working: ref(true) };
  expect(shown(null, null, working)).toBe(false);
  expect(shown(null, null, { ...working, job: computed(() => ({ fraction: 0.5 }) as never) })).toBe(true);
});
