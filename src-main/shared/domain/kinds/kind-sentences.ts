import type { ChangeSummary, OutcomeCounts } from '../statistics/change-summary.ts';
import type { ChangeKind } from './change-kinds.ts';
import { changeKinds, kindLabels, kindPhrases } from './change-kinds.ts';

/** A part of the bar over a list of flips: a kind, how many flips have it, and its words. */
export interface KindShare {
  /** As a filter's `changes` name it. */
  readonly name: string;
  readonly count: number;
  readonly phrase: string;
  /** Its rule was measured to be right less often than 95 in 100 (docs/reference/kinds-of-change.md). */
  readonly unsure: boolean;
}

/** Rules whose measured precision is below 0.95: their kind is called “maybe”. Written by hand from `npm run bench:kinds`. */
export const unsureKinds: ReadonlySet<string> = new Set<ChangeKind>([]);

/** What a kind is called where there is one word for it. */
export function kindLabel(name: string): string {
  const [plain = name, gone] = name.split(':');
  const label = isNamed(plain) ? kindLabels[plain] : plain;
  const text = unsureKinds.has(plain) ? `Maybe ${label.toLowerCase()}` : label;
  return gone === undefined ? text : `${text}, gone`;
}

/** After a number: “9 cut off”. */
export function kindPhrase(name: string, count: number): string {
  const phrases = isNamed(name) ? kindPhrases[name] : [`matches “${name}”`, `match “${name}”`];
  const phrase = phrases[count === 1 ? 0 : 1] ?? name;
  return unsureKinds.has(name) ? `maybe ${phrase}` : phrase;
}

/** The kinds of a set of flips, the most frequent first. A flip may have several. */
export function kindShares(kinds: ChangeSummary, outcome: keyof OutcomeCounts): KindShare[] {
  return Object.entries(kinds)
    .map(([name, counts]) => ({
      name,
      count: counts[outcome],
      phrase: kindPhrase(name, counts[outcome]),
      unsure: unsureKinds.has(name),
    }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
}

/** “27 negative flips: 9 cut off, 6 refuse, 5 hold the right answer”; null where no kind was found. */
export function kindSentence(kinds: ChangeSummary, outcome: 'negative' | 'positive', flips: number): string | null {
  const shares = kindShares(kinds, outcome);
  if (flips === 0) return null;
  const what = `${flips} ${outcome} flip${flips === 1 ? '' : 's'}`;
  if (shares.length === 0) return `${what}: no rule says why.`;
  return `${what}: ${shares.map(({ count, phrase }) => `${count} ${phrase}`).join(', ')}.`;
}

/** What to do about the measure, for kinds that are no fault of the model. */
const remedies: Partial<Record<ChangeKind, string>> = {
  cut: 'raise max_new_tokens and evaluate again',
  empty: 'see whether the answers were recorded, and whether a stop sequence ends them at once',
  'target-present': 'look at the scorer, which does not find the right answer where it is',
  'same-text': 'measure the noise of the scorer or judge, which judges the same text differently',
  surface: 'let the scorer ignore case, blanks and punctuation',
  format: 'see whether the scorer reads the new form of the answers',
  'template-leak': 'see the chat template and the stop tokens of the new evaluation',
  echo: 'let the new evaluation record the continuation alone, without its prompt',
};
/** So many flips of a kind, and at least half of all, point to the measure. */
const leastBlamed = 4;

/** “18 of 27 negative flips are cut off: raise max_new_tokens and evaluate again.” */
export function blameSentences(kinds: ChangeSummary, negativeFlips: number): string[] {
  return changeKinds.flatMap((kind) => {
    const remedy = remedies[kind];
    const count = kinds[kind]?.negative ?? 0;
    if (remedy === undefined || count < leastBlamed || count * 2 < negativeFlips) return [];
    return [`${count} of ${negativeFlips} negative flips ${kindPredicate(kind, count)}: ${remedy}.`];
  });
}

/** After a number of samples: “refuse”, “are cut off”. */
export function kindPredicate(name: string, count: number): string {
  const phrase = kindPhrase(name, count);
  if (name !== 'cut' && name !== 'empty') return phrase;
  return `${count === 1 ? 'is' : 'are'} ${phrase}`;
}

function isNamed(name: string): name is ChangeKind {
  return (changeKinds as readonly string[]).includes(name);
}
