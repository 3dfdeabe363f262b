import type { SuiteNumbers } from '../../shared/domain/metrics.ts';
import type { SampleResult, SuiteItem, Verdict } from '../../shared/domain/evaluations.ts';
import { textOf } from '../data/tokenise.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import type { Lexicon } from './lexicon.ts';
import type { ItemOf, PreparedItem } from './prepare.ts';

/** One sequence's numbers under the model. */
export interface SequenceScore {
  /** Log-prob of every completion token, in nats. */
  logProbs: Float32Array;
  /** The likeliest token at each of these places. */
  greedy: Int32Array;
  sum: number;
}

/** Log-probs of the pair's two responses under the reference. */
export interface PairReference {
  beta: number;
  chosen: number;
  rejected: number;
}

/**
 * Implicit-reward margin (or log-prob margin without a reference); right when the chosen response comes out ahead, by more than the
 * rounding of their log-probs.
 */
export function pairResult(
  { item }: PreparedItem<ItemOf<'pairs'>>,
  [chosen, rejected]: readonly SequenceScore[],
  reference: PairReference | null,
  rounding: number,
): SampleResult {
  if (chosen === undefined || rejected === undefined) throw new Error('a pair has two responses');
  const beta = reference?.beta ?? 1;
  const rewardChosen = beta * (chosen.sum - (reference?.chosen ?? 0));
  const rewardRejected = beta * (rejected.sum - (reference?.rejected ?? 0));
  const margin = rewardChosen - rewardRejected;
  const noise = beta * rounding * (Math.abs(chosen.sum) + Math.abs(rejected.sum));
  return {
    ...common(item),
    prompt: textOf(item.prompt),
    target: textOf(item.chosen),
    output: textOf(item.rejected),
    score: margin,
    verdict: Math.abs(margin) <= noise ? 'tie' : verdictOf(margin > 0),
    metrics: {
      'logps/chosen': chosen.sum,
      'logps/rejected': rejected.sum,
      ...(reference === null ? {} : { 'rewards/chosen': rewardChosen, 'rewards/rejected': rewardRejected }),
    } satisfies SuiteNumbers<'pairs'>,
  };
}

/** Log-prob of the target; right when every token of it is the likeliest, lm-evaluation-harness's `acc`. */
export function clozeResult(
  { item, sequences }: PreparedItem<ItemOf<'cloze'>>,
  [score]: readonly SequenceScore[],
  tokenizer: Tokenizer,
): SampleResult {
  const sequence = sequences[0];
  if (score === undefined || sequence === undefined) throw new Error('a cloze item has one sequence');
  const wanted = sequence.ids.subarray(Math.max(1, sequence.from));
  return {
    ...common(item),
    prompt: item.prompt,
    target: item.target,
    output: tokenizer.decode([...score.greedy]).trim(),
    score: score.sum,
    verdict: verdictOf(wanted.every((id, i) => id === score.greedy[i])),
    metrics: { tokens: wanted.length } satisfies SuiteNumbers<'cloze'>,
  };
}

/** Characters of the text in front of a word that its sample shows. */
const shownContext = 300;

/** One sample per word: right when every token of it is the likeliest; score = its log-prob; the words of a text are a cluster. */
export function wordResults(
  { item, sequences, words = [] }: PreparedItem<ItemOf<'words'>>,
  [score]: readonly SequenceScore[],
  tokenizer: Tokenizer,
  lexicon: Lexicon | null,
): SampleResult[] {
  const sequence = sequences[0];
  if (score === undefined || sequence === undefined) throw new Error('a text has one sequence');
  return words.map(({ word, at, from, to }) => {
    // Scores start at token 1, the first that has a prediction.
    const logProbs = score.logProbs.subarray(from - 1, to - 1);
    const greedy = score.greedy.subarray(from - 1, to - 1);
    const before = item.text.slice(Math.max(0, at - shownContext), at);
    return {
      sampleId: `${item.id}@${at}`,
      ...slicesOf([...(item.slices ?? []), ...sentimentSlices(word, lexicon)]),
      prompt: at > shownContext ? `…${before}` : before,
      target: word,
      output: [...greedy]
        .map((id) => tokenizer.tokenText(id))
        .join('')
        .trim(),
      score: logProbs.reduce((sum, x) => sum + x, 0),
      verdict: verdictOf(greedy.every((id, i) => id === sequence.ids[from + i])),
      metrics: { position: from, tokens: to - from } satisfies SuiteNumbers<'words'>,
      cluster: item.id,
    };
  });
}

/** A word that the lexicon rates belongs to the slice of its sign. */
function sentimentSlices(word: string, lexicon: Lexicon | null): string[] {
  const rating = lexicon?.get(word.toLowerCase()) ?? 0;
  return rating === 0 ? [] : [rating < 0 ? 'negative-words' : 'positive-words'];
}

/** Right when the gold option has the highest log-prob (`acc`); `acc_norm` divides by the option's characters. */
export function choiceResult({ item }: PreparedItem<ItemOf<'choice'>>, scores: readonly SequenceScore[]): SampleResult {
  const sums = scores.map(({ sum }) => sum);
  const perCharacter = sums.map((sum, i) => sum / Math.max(1, item.options[i]?.length ?? 1));
  const likeliest = indexOfMax(sums);
  const gold = sums[item.answer] ?? Number.NEGATIVE_INFINITY;
  const best = Math.max(...sums.filter((_, i) => i !== item.answer));
  return {
    ...common(item),
    prompt: textOf(item.prompt),
    ...(item.options[item.answer] === undefined ? {} : { target: item.options[item.answer] as string }),
    output: item.options[likeliest] ?? null,
    score: sums.length > 1 ? gold - best : gold,
    verdict: verdictOf(likeliest === item.answer),
    metrics: {
      acc: Number(likeliest === item.answer),
      acc_norm: Number(indexOfMax(perCharacter) === item.answer),
      'logps/gold': gold,
      options: sums.length,
      confidence: 1 / sums.reduce((all, sum) => all + Math.exp(sum - Math.max(...sums)), 0),
    } satisfies SuiteNumbers<'choice'>,
  };
}

export function verdictOf(right: boolean): Verdict {
  return right ? 'right' : 'wrong';
}

export function common(item: SuiteItem): { sampleId: string; slices?: string[] } {
  return { sampleId: item.id, ...slicesOf(item.slices ?? []) };
}

function slicesOf(slices: string[]): { slices?: string[] } {
  return slices.length === 0 ? {} : { slices };
}

function indexOfMax(values: readonly number[]): number {
  return values.reduce((best, value, i) => (value > (values[best] ?? Number.NEGATIVE_INFINITY) ? i : best), 0);
}
