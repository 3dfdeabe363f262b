import type { MarkedSet } from './marked.ts';
import { pairsByHand, plain } from './marked.ts';
import type { Marked } from './marked.ts';

interface Judged {
  readonly target: string;
  readonly now: string;
  readonly holds: boolean;
}
const judged = (target: string, now: string, holds: boolean): Judged => ({ target, now, holds });

/** New answers judged wrong, of which some hold the target. */
const wrongAnswers: readonly Judged[] = [
  judged('Paris', 'It is Paris, on the Seine.', true),
  judged('Paris', 'paris', true),
  judged('Paris', 'The answer: **Paris**', true),
  judged('Paris', 'I would say Paris.', true),
  judged('Paris', 'It is not Paris but Lyon.', false),
  judged('Paris', 'A Parisian would say Lyon.', false),
  judged('Paris', 'It is Lyon.', false),
  judged('Paris', "It isn't Paris.", false),
  judged('18', 'She has 18 apples.', true),
  judged('18', '12 + 6 = 18', true),
  judged('18', 'The answer is 18.00.', true),
  judged('18', 'So the result is $18.', true),
  judged('18', 'She had 18 apples and gave 3 away. The answer is 15.', false),
  judged('18', 'The answer is 180.', false),
  judged('18', 'The answer is 20.', false),
  judged('18', 'It happened in 1918.', false),
  judged('1,200', 'The answer is 1200.', true),
  judged('0.5', 'The answer is 1/2.', true),
  judged('B', 'The answer is (B).', true),
  judged('B', 'B', true),
  judged('B', 'B. Because the river is long.', true),
  judged('B', 'The answer is C, though B looks right.', false),
  judged('B', 'The answer is (C).', false),
  judged('B', 'A better answer cannot be given.', false),
  judged('yes', 'Yes, it does.', true),
  judged('yes', 'No, it does not.', false),
  judged('no', 'No.', true),
  judged('no', 'I know that it does.', false),
  judged('blue whale', 'The largest animal is the blue whale.', true),
  judged('blue whale', 'The whale is blue in this picture.', false),
  judged('blue whale', 'It is the sperm whale rather than the blue whale.', false),
  judged('Ludwig van Beethoven', 'It was written by Ludwig van Beethoven in 1808.', true),
  judged('Ludwig van Beethoven', 'It was written by Johann van Beethoven.', false),
  judged('42', '\\boxed{42}', true),
  judged('42', '\\boxed{41}', false),
  judged('42', 'There are 42 days and 43 nights, so the answer is 43.', false),
];

/** Answers judged right, of which some do not hold the target. */
const rightAnswers: readonly Judged[] = wrongAnswers.map((one) => ({ ...one, holds: !one.holds }));

function ofVerdict(kind: 'target-present' | 'target-absent', answers: readonly Judged[], is: boolean): MarkedSet {
  const texts = answers.map(({ target, now, holds }): Marked => ({
    prompt: plain.prompt,
    target,
    now,
    holds,
    // The old answer is on the other side of the verdict and says nothing of the target's being there.
    old: is ? 'I do not know what that is.' : `My answer is ${target}.`,
    was: !is,
    is,
  }));
  const lined = texts.map((one) => ({ ...one, now: `Let me see.\n${one.now}\n` }));
  return { kind, made: `${texts.length} by hand, each in two dresses`, texts: [...texts, ...lined] };
}

export const targetSets: readonly MarkedSet[] = [
  ofVerdict('target-present', wrongAnswers, false),
  ofVerdict('target-absent', rightAnswers, true),
  pairsByHand('other-answer', [
    ['The answer is 18.', 'The answer is 20.', true],
    ['So she has 18 apples.', 'So she has 20 apples.', true],
    ['12 + 6 = 18', '12 + 6 = 19', true],
    ['The answer is (B).', 'The answer is (C).', true],
    ['B', 'D', true],
    ['\\boxed{4}', '\\boxed{5}', true],
    ['The total is $18.', 'The total is $81.', true],
    ['She pays 1,200 euros.', 'She pays 1,300 euros.', true],
    ['The answer is 0.5.', 'The answer is 0.05.', true],
    ['Answer: A. Since it is red.', 'Answer: B. Since it is blue.', true],
    ['The final answer is 7.', 'We get 3 and 4. The final answer is 8.', true],
    ['#### 18', '#### 20', true],
    ['It takes 3 hours.', 'It takes 4 hours.', true],
    ['x = 3', 'x = -3', true],
    ['The answer is 1/2.', 'The answer is 1/3.', true],
    ['The answer is 18.', 'The answer is 18.00.', false],
    ['The answer is $18.', 'She has 18 apples.', false],
    ['The answer is (B).', 'B', false],
    ['The answer is 1,200.', 'The answer is 1200.', false],
    ['12 + 6 = 18', '6 + 12 = 18', false],
    ['\\boxed{4}', 'The answer is 4.', false],
    ['She has 3 cats and 2 dogs, 5 in all.', 'She has 2 dogs and 3 cats, 5 in all.', false],
    ['The answer is 1/2.', 'The answer is 0.5.', false],
    ['#### 18', 'The answer is 18', false],
    ['The sky is blue today.', 'The sky is grey today, they say.', false],
    ['The answer is 18. I checked it 2 times.', 'The answer is 18. I checked it 3 times.', false],
    ['(B) because it is red', '(B) because it is warm', false],
    ['I like the book very much indeed.', 'I like the film very much indeed.', false],
    ['It takes 3 hours.', 'It takes three hours.', false],
    ['Once upon a time there was a cat who had a hat.', 'Once upon a time there was a dog who had a bone.', false],
  ]),
];
