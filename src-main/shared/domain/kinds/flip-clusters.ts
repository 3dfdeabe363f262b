import { exampleOf } from './flip-text.ts';
import type { ExampleSample, FlipText } from './flip-text.ts';
import { languagesOfWord } from './function-words.ts';

/** Flips that changed in the same way: the same kinds of change, and words that only one side has. */
export interface FlipCluster {
  /** Kinds of change that all of them have; empty where no rule says why. */
  readonly kinds: readonly string[];
  /** Words that most of the new answers have and the old ones have not, and the other way round. */
  readonly gained: readonly string[];
  readonly lost: readonly string[];
  readonly count: number;
  /** Those that share most with the others, the most typical first; two where nobody asks for more. */
  readonly typical: readonly ExampleSample[];
}

/** A word that groups: at least so many samples, and this share of those with the same kinds. */
const leastSamples = 3;
const leastShare = 0.25;
/** A word that names a group is in so many of it. */
const namingShare = 0.6;
const namingWords = 3;
const mostClusters = 24;
const readCharacters = 20_000;

interface Item {
  readonly flip: FlipText;
  /** Words of the difference: `+word` is new, `-word` is gone. */
  readonly words: ReadonlySet<string>;
}

/**
 * Groups flips by their kinds of change and, within these, by the word of the difference that most of them share. The largest group
 * first; each flip is in one group. The same flips give the same groups, in whatever order they come.
 */
export function flipClusters(flips: readonly FlipText[], typical = 2): FlipCluster[] {
  const bySignature = new Map<string, Item[]>();
  for (const flip of [...flips].sort((a, b) => compareText(a.sampleId, b.sampleId))) {
    const signature = JSON.stringify(signatureOf(flip));
    const item = { flip, words: differenceWords(flip) };
    const group = bySignature.get(signature);
    if (group === undefined) bySignature.set(signature, [item]);
    else group.push(item);
  }
  const clusters = [...bySignature].flatMap(([signature, items]) =>
    dividedByWords(items).map((members) => described(JSON.parse(signature) as string[], members, typical)),
  );
  return clusters
    .sort((a, b) => b.count - a.count || compareText(JSON.stringify(a), JSON.stringify(b)))
    .slice(0, mostClusters);
}

/** How much longer an answer is says least: it counts where nothing else does. */
function signatureOf({ changes }: FlipText): string[] {
  const shown = changes.filter((name) => !name.endsWith(':gone'));
  const telling = shown.filter((name) => name !== 'longer' && name !== 'shorter');
  return telling.length > 0 ? telling : shown;
}

function differenceWords({ old, now }: FlipText): Set<string> {
  const [before, after] = [wordsOf(old), wordsOf(now)];
  const words = new Set<string>();
  for (const word of after) if (!before.has(word)) words.add(`+${word}`);
  for (const word of before) if (!after.has(word)) words.add(`-${word}`);
  return words;
}

function wordsOf(text: string): Set<string> {
  const found =
    text
      .slice(0, readCharacters)
      .toLowerCase()
      .match(/[\p{L}\p{N}][\p{L}\p{N}\p{M}’']*/gu) ?? [];
  return new Set(found.filter((word) => !languagesOfWord.has(word)));
}

/** Takes away the group of the most frequent word as long as there is one worth it; what is left is a group of its own. */
function dividedByWords(items: readonly Item[]): Item[][] {
  const groups: Item[][] = [];
  let rest = [...items];
  while (rest.length >= leastSamples) {
    const word = mostFrequent(rest);
    if (word === null) break;
    const having = rest.filter(({ words }) => words.has(word));
    groups.push(having);
    rest = rest.filter(({ words }) => !words.has(word));
  }
  return rest.length > 0 ? [...groups, rest] : groups;
}

function mostFrequent(items: readonly Item[]): string | null {
  let best: string | null = null;
  let most = Math.max(leastSamples, Math.ceil(leastShare * items.length)) - 1;
  for (const [word, count] of frequencies(items)) {
    if (count > most || (count === most && best !== null && compareText(word, best) < 0)) [best, most] = [word, count];
  }
  return best;
}

function frequencies(items: readonly Item[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { words } of items) for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

function described(kinds: string[], members: readonly Item[], typical: number): FlipCluster {
  const counts = frequencies(members);
  const naming = [...counts]
    .filter(([, count]) => members.length > 1 && count >= namingShare * members.length)
    .sort(([a, m], [b, n]) => n - m || compareText(a, b))
    .map(([word]) => word);
  const named = (sign: string): string[] =>
    naming.flatMap((word) => (word.startsWith(sign) ? [word.slice(1)] : [])).slice(0, namingWords);
  return {
    kinds,
    gained: named('+'),
    lost: named('-'),
    count: members.length,
    typical: mostTypical(members, counts, typical),
  };
}

/** Shares the most words with the others, for its own number of words. */
function mostTypical(members: readonly Item[], counts: ReadonlyMap<string, number>, most: number): ExampleSample[] {
  const score = ({ words }: Item): number =>
    [...words].reduce((sum, word) => sum + (counts.get(word) ?? 0), 0) / Math.sqrt(Math.max(1, words.size));
  return members
    .map((item) => ({ item, score: score(item) }))
    .sort((a, b) => b.score - a.score || compareText(a.item.flip.sampleId, b.item.flip.sampleId))
    .slice(0, most)
    .map(({ item }) => exampleOf(item.flip));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
