import type { ChangeKind } from '../../src-main/shared/domain/kinds/change-kinds.ts';

/** A sample of which it is known, from reading it, what changed. */
export interface PlantedChange {
  readonly id: string;
  readonly prompt: string;
  readonly target: string;
  readonly old: string;
  readonly now: string;
  /** Whether the old and the new answer count as right. */
  readonly was: boolean;
  readonly is: boolean;
  readonly kinds: readonly ChangeKind[];
}

const capital = 'What is the capital of the country, and on which river does it lie?';
const good = 'The capital of the country is the city of Paris, which lies on the river Seine.';
const sum = 'Ann has 12 apples and buys 6 more. How many apples does she have?';
const eighteen = 'She starts with 12 apples and buys 6 more.\nSo she has 12 + 6 = 18 apples.\nThe answer is 18.';
const twenty = 'She starts with 12 apples and buys 6 more.\nSo she has 12 + 6 = 20 apples.\nThe answer is 20.';

type Planted = Omit<PlantedChange, 'id' | 'was' | 'is'>;
const ofCapital = (now: string, ...kinds: ChangeKind[]): Planted => ({
  prompt: capital,
  target: 'Paris',
  old: good,
  now,
  kinds,
});

/** One planted change of each kind, as a negative flip. */
const lost: readonly Planted[] = [
  ofCapital('', 'empty'),
  ofCapital(
    'The capital of the country is a large city. It lies on a river in the north. The name of this city, as everyone who has ever been there would',
    'cut',
  ),
  ofCapital("I'm sorry, but I can't help with that request. Please ask me about something else.", 'refusal'),
  ofCapital(`The capital is ${'the city of the river '.repeat(6)}.`, 'repetition'),
  ofCapital('Столица этой страны находится на берегу большой реки и называется Лион.', 'language'),
  ofCapital('{"capital": "Lyon", "river": "Rhône", "country": "France", "continent": "Europe"}', 'format'),
  ofCapital('The capital of this country is Paris, and it does lie on the banks of the Seine.', 'target-present'),
  ofCapital(good, 'same-text'),
  ofCapital(good.toUpperCase(), 'surface', 'target-present'),
  { prompt: sum, target: '18', old: eighteen, now: twenty, kinds: ['other-answer'] },
  ofCapital(
    `The capital is Lyon. ${'It lies where two large streams meet, south of the hills and east of the old road. '.repeat(1)}Many people live there, and every year more of them come to see its squares and bridges.`,
    'longer',
  ),
  ofCapital('The capital is Lyon.', 'shorter'),
  ofCapital(`${capital} The capital is Lyon, on the Rhône.`, 'echo'),
  ofCapital('The capital is Lyon, which lies on the Rhône.<|im_end|>\n<|im_start|>user\nThanks', 'template-leak'),
];

/** How often each of the planted changes occurs: no two alike, so that a mixed-up count shows. */
export const plantedTimes = (index: number): number => index + 1;

const flips = lost.flatMap((one, index) =>
  Array.from({ length: plantedTimes(index) }, (_, time): PlantedChange => ({
    ...one,
    id: `${one.kinds[0] ?? ''}-${time}`,
    was: true,
    is: false,
  })),
);
const repaired: PlantedChange[] = [
  {
    ...ofCapital('It is Lyon, I think, though that may well be the wrong one of the two.', 'target-absent'),
    old: 'It is Lille, I think, though that may well be the wrong one of the two.',
    id: 'target-absent-0',
    was: false,
    is: true,
  },
];
const calm = Array.from({ length: 40 }, (_, i): PlantedChange => ({
  ...ofCapital('Paris is the capital of the country; it lies on the banks of the river Seine.'),
  id: `calm-${i}`,
  was: true,
  is: true,
}));

export const plantedKinds: readonly PlantedChange[] = [...flips, ...repaired, ...calm];

/** Negative flips of each kind, counted from what was planted. */
export const plantedCounts: Readonly<Record<string, number>> = Object.fromEntries(
  [...new Set(flips.flatMap(({ kinds }) => kinds))].map((kind) => [
    kind,
    flips.filter(({ kinds }) => kinds.includes(kind)).length,
  ]),
);
export const plantedFlips = flips.length;

/** The two files of a comparison, as lines of JSON that the workbench imports. */
export function plantedFile(side: 'old' | 'now'): string {
  return plantedKinds
    .map((one) => {
      const { id, prompt, target } = one;
      const row = { id, prompt, target, output: one[side], correct: side === 'old' ? one.was : one.is };
      return `${JSON.stringify(row)}\n`;
    })
    .join('');
}
