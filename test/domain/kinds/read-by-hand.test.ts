import { expect, test } from 'vitest';
import { explainChange } from '../../../src-main/shared/domain/kinds/classify.ts';
import { defaultKindSettings, kindRules } from '../../../src-main/shared/domain/kinds/own-kinds.ts';

const rules = kindRules(defaultKindSettings);

function kindsOf(old: string, now: string, target: string | null = null): string[] {
  const left = { text: old, right: true, wrong: false, cut: null };
  const right = { text: now, right: false, wrong: true, cut: null };
  const found = explainChange({ prompt: 'What then?', target, left, right }, 'negative', rules);
  return found.map(({ kind, change }) => (change === 'gone' ? `${kind}:gone` : kind)).toSorted();
}

test('what reading of published answers showed to be wrong is told as a reader tells it', () => {
  const post =
    'Boo! Autumn is here. Do not forget to apply for a place with us! Send your letter by Friday #autumn #jobs';
  const verse =
    'I had a dream, a vision to see.\nA world where all are free.\nA song to sing, a hill to climb, to do no harm.';
  const prose =
    'There was a man who had the wish that all of the people would be free, and they were.\nThis is what he said.';
  const unclosed = 'Here is how it is done:\n```\nprint(1)\nIt prints a one, so let me know what else you need.';
  expect({
    // Both answers decline, in other words.
    declined: kindsOf(
      'I am sorry, but I do not have access to today’s news about it.',
      'As an AI model, I don’t have access to news, so it may have changed since.',
    ),
    // Tags end a post.
    post: kindsOf(post, `${post}.`),
    // Articles and short words repeated make no other language.
    verse: kindsOf(prose, verse),
    rates: kindsOf(
      'She spends 100 on food in a month, and then she has spent 1200 on it in the year.',
      'Food is 25 per week and 100 per month. Toys are 20 per month and 240 per year. A vet is 9 per day.',
    ),
    // A block that was never closed, with prose to the end.
    unclosed: kindsOf(unclosed.replace('It prints', '```\nIt prints'), unclosed),
    // What was cut off comes down to nothing yet.
    cut: kindsOf(
      'He has 3 + 4 = 7 in all. The answer is 7.',
      'He has 3 of them. She has 4 of them. To find out how many they have, one has to add up the',
      '7',
    ),
  }).toEqual({
    declined: [],
    post: ['surface'],
    verse: [],
    rates: [],
    unclosed: ['format'],
    cut: ['cut', 'longer'],
  });
});
