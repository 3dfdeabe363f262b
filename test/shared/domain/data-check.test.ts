import { expect, test } from 'vitest';
import { concludeCheck } from '../../../src-main/shared/domain/data/check.ts';
import type { CheckResult, CheckSettings } from '../../../src-main/shared/domain/data/check.ts';
import { findingsOf } from '../../../src-main/shared/domain/data/findings.ts';
import { OverlapIndex } from '../../../src-main/shared/domain/data/overlap-index.ts';
import { RowScan, wordsOfRow } from '../../../src-main/shared/domain/data/row-scan.ts';
import { trimmed, trimmedTexts } from '../../../src-main/shared/domain/data/row-texts.ts';
import { SimilarTexts } from '../../../src-main/shared/domain/data/similar-texts.ts';
import { jaccard, occurrences, setOfWords, wordHashes } from '../../../src-main/shared/domain/data/words.ts';
import type { DatasetRow, Message } from '../../../src-main/shared/domain/datasets.ts';
import { plantedPairs, plantedQuestions } from '../../helpers/planted-data.ts';
import type { Planted } from '../../helpers/planted-data.ts';

const settings: CheckSettings = {
  nearThreshold: 0.8,
  overlapThreshold: 0.85,
  model: null,
  reading: 'dpo',
  maxLength: null,
  against: [],
};

function check(rows: readonly DatasetRow[], questions: readonly string[] = []): CheckResult {
  const overlaps = new OverlapIndex(settings.overlapThreshold);
  questions.forEach((text, i) => overlaps.add({ text, source: 0, id: String(i), part: 'prompt' }));
  const kind = rows[0]?.kind ?? 'preference';
  const scan = new RowScan({
    rows: rows.length,
    kind,
    nearThreshold: settings.nearThreshold,
    overlaps: questions.length === 0 ? null : overlaps,
    wordsOf: (row) => wordsOfRow(rows[row]!),
  });
  rows.forEach((row) => scan.add(row));
  const against = questions.length === 0 ? [] : [{ kind: 'suite' as const, id: 's', name: 's', digest: 'd' }];
  return concludeCheck(kind, { ...settings, against }, scan.finish(), null);
}

const pair = (id: number, prompt: string | Message[], chosen: string, rejected: string): DatasetRow => ({
  kind: 'preference',
  id: String(id),
  prompt,
  chosen: typeof prompt === 'string' ? chosen : [{ role: 'assistant', content: chosen }],
  rejected: typeof prompt === 'string' ? rejected : [{ role: 'assistant', content: rejected }],
});

test.each([1, 2, 3])('a dataset with planted faults of each kind is counted exactly (seed %i)', (seed) => {
  const planted: Planted = {
    duplicates: 17,
    nearDuplicates: 23,
    normalisedDuplicates: 11,
    contradictions: 13,
    emptySides: 5,
    identicalSides: 7,
    templateMarks: 3,
    exactOverlaps: 6,
    nearOverlaps: 4,
    long: 2,
    oddRoles: 8,
  };
  const rows = [...plantedPairs(1500, planted, seed)];
  const { check: found } = check(rows, plantedQuestions(10));
  expect(found).toMatchObject({
    rows: rows.length,
    duplicates: 17,
    nearDuplicates: 23 + 11,
    normalisedDuplicates: 11,
    contradictions: 13,
    contradictingRows: 26,
    // Copies keep their prompt; of normalised ones it is in capitals.
    repeatedPrompts: 17 + 23 + 13,
    emptySides: 5,
    identicalSides: 7,
    templateMarks: 3,
    oddRoles: 8,
    mixedForms: 8,
    systemPrompts: 0,
    overlaps: 10,
    overlapsBySource: [{ kind: 'suite', name: 's', rows: 10, exact: 6 }],
    truncated: null,
  });
});

test('clean rows have no finding but the length of what is chosen', () => {
  const { columns } = check([...plantedPairs(300)]);
  const found = new Set([...columns.flags].flatMap(findingsOf));
  expect([...found]).toEqual(['longer-chosen']);
});

test('a pair turned round is no copy, and preferences may contradict each other in a circle', () => {
  const { check: found, columns } = check([
    pair(0, 'Which letter?', 'the letter a', 'the letter b'),
    pair(1, 'Which letter?', 'the letter b', 'the letter c'),
    pair(2, 'Which letter?', 'the letter c', 'the letter a'),
    pair(3, 'Which letter?', 'the letter c', 'the letter d'),
    pair(4, 'Which number?', 'one', 'two'),
    pair(5, 'Which number?', 'two', 'one'),
    pair(6, 'Which number?', 'one', 'three'),
    pair(7, 'What else?', 'one', 'one'),
  ]);
  expect([
    found.contradictions,
    [...columns.flags].map((flags) => findingsOf(flags).includes('contradiction')),
  ]).toEqual([2, [true, true, true, false, true, true, false, false]]);
});

test('a completion that is called good and bad is a contradiction', () => {
  const row = (id: string, completion: string, label: boolean): DatasetRow => ({
    kind: 'unpaired',
    id,
    prompt: 'Name a bird that sings in winter',
    completion,
    label,
  });
  const rows = [row('1', 'a small wren', true), row('2', 'the robin', true), row('3', 'a small wren', false)];
  expect(check(rows).check).toMatchObject({
    contradictions: 1,
    contradictingRows: 2,
    duplicates: 0,
    nearDuplicates: 0,
  });
});

test('the rarer way of writing rows is what is found', () => {
  const chat = (system: boolean, ...roles: string[]): Message[] => [
    ...(system ? [{ role: 'system', content: 'Be brief' }] : []),
    ...roles.map((role, i) => ({ role, content: `${role} says ${i}` })),
  ];
  const { columns } = check([
    pair(0, chat(true, 'user'), 'one', 'two'),
    pair(1, chat(false, 'user'), 'three', 'four'),
    pair(2, chat(false, 'user', 'assistant', 'user'), 'five', 'six'),
    pair(3, 'plain', 'seven', 'eight'),
    pair(4, chat(false, 'user', 'assistant'), 'nine', 'ten'),
    pair(
      5,
      [
        { role: 'user', content: 'x' },
        { role: 'system', content: 'late' },
      ],
      'eleven',
      'twelve',
    ),
  ]);
  const named = ['system-prompt', 'mixed-form', 'odd-roles'];
  expect([...columns.flags].map((flags) => findingsOf(flags).filter((finding) => named.includes(finding)))).toEqual([
    ['system-prompt'],
    [],
    [],
    ['mixed-form'],
    ['odd-roles'],
    ['odd-roles', 'system-prompt'],
  ]);
});

test('words are those of every script, in any case and form of letters', () => {
  const same: [string, string][] = [
    ['Straße, naïve — 12', 'straße naïve 12'],
    ['naïve', 'nai\u0308ve'],
    ['ﬁne', 'fine'],
    ['東京は', '東 京 は'],
  ];
  expect(same.map(([a, b]) => jaccard(wordHashes(a), wordHashes(b)))).toEqual([1, 1, 1, 1]);
  expect([
    jaccard(wordHashes('one two two'), wordHashes('one two')),
    jaccard(wordHashes('a b c d'), wordHashes('c d e f')),
    jaccard(wordHashes(''), wordHashes('...')),
  ]).toEqual([2 / 3, 2 / 6, 0]);
});

test('an answer is in an evaluation only where it says enough', () => {
  const overlaps = new OverlapIndex(0.85);
  overlaps.add({ text: 'yes', source: 0, id: '1', part: 'target' });
  overlaps.add({ text: 'the quick brown fox jumps', source: 0, id: '2', part: 'target' });
  overlaps.add({ text: 'Is it?', source: 1, id: '3', part: 'prompt' });
  const find = (prompt: string, ...answers: string[]) =>
    overlaps.find({ prompt, answers }, trimmedTexts({ prompt, answers }));
  expect([
    find('Something else', 'yes', 'no'),
    find('Something else', 'no', 'The quick brown fox  jumps')?.id,
    find(' Is  it? '),
  ]).toEqual([null, '2', { source: 1, id: '3', side: 'prompt', similarity: 1, exact: true }]);
});

test.each([0.5, 0.8, 0.85, 1])('the most similar text is found as if all were compared, from %f on', (threshold) => {
  let state = 7;
  const draw = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below;
  // Few words, so that texts share many, and frequencies that differ.
  const text = (words: number) => Array.from({ length: words }, () => `w${draw(draw(40) + 1)}`).join(' ');
  const changed = (from: string) => from.replace(/\S+/g, (word) => (draw(9) === 0 ? `w${draw(40)}` : word));
  const added = Array.from({ length: 300 }, () => text(1 + draw(30)));
  const similar = new SimilarTexts(threshold);
  const sets = added.map(wordHashes);
  sets.forEach((words) => similar.add(words));
  const asked = [...Array.from({ length: 100 }, () => text(1 + draw(30))), ...added.map(changed)].map(wordHashes);
  const wanted = asked.map((words) => {
    const all = sets.map((set, place) => ({ place, similarity: jaccard(words, set) }));
    const best = all.reduce((a, b) => (b.similarity > a.similarity ? b : a));
    return best.similarity >= threshold ? best : null;
  });
  expect(wanted.filter((one) => one !== null).length).toBeGreaterThan(20);
  expect(asked.map((words) => similar.find(words))).toEqual(wanted);
});

test('words of parts are the words of the whole, and a text is trimmed as one expression would', () => {
  const [prompt, answer] = ['Twice two two ', 'is twice four, Ａ é 日本'];
  expect(setOfWords([occurrences(prompt), occurrences(answer)])).toEqual(wordHashes(`${prompt}\n${answer}`));
  const blanks = [
    '',
    ' ',
    'a',
    ' a',
    'a ',
    'a  b',
    'a \n b',
    '\ta\u00a0b',
    ' \n ',
    'a b c',
    'e\u0301  x',
    '\n\na',
    'a\u3000 b',
  ];
  expect(blanks.map(trimmed)).toEqual(blanks.map((text) => text.normalize('NFC').replace(/\s+/g, ' ').trim()));
});
