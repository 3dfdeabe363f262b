import { isAnswered } from '../../shared/domain/evaluations.ts';
import type { SampleResult, SuiteItem, SuiteSpec } from '../../shared/domain/evaluations.ts';
import type { EvaluationMark, TrainerEventBody } from '../../shared/domain/trainer-events.ts';
import { planPasses, scorePass } from '../data/score-sequences.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { CompletionSequence } from '../losses/layout.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import { isRewardModel, scoreRewards } from '../reward-model.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { decodingOf, type EvaluationContext, type PreparedSuite } from './context.ts';
import { generateResults } from './generate-results.ts';
import type { Lexicon } from './lexicon.ts';
import { prepareItem, type ItemOf, type PreparedItem } from './prepare.ts';
import { logProbRounding } from '../guard/guard.ts';
import { choiceResult, clozeResult, pairResult, wordResults, type SequenceScore } from './results.ts';

/** Results of one `evaluation-batch` at most. */
export const batchLimit = 4096;
/** Items scored together: enough to fill passes of similar length, few enough to report and to cancel in between. */
const itemsPerChunk = 64;

export function prepareSuite(
  spec: SuiteSpec,
  items: readonly SuiteItem[],
  tokenizer: Tokenizer,
  maxPositions: number,
): PreparedSuite {
  const prepared = items.map((item) => prepareItem(item, spec, tokenizer, maxPositions));
  const longest = ({ sequences }: PreparedItem) => Math.max(...sequences.map(({ ids }) => ids.length));
  // Similar lengths together; `sort` is stable, so the order is the same every time.
  return { spec, items, prepared: prepared.sort((a, b) => longest(b) - longest(a)) };
}

/** Runs one suite: `evaluation-started`, batches, `evaluation-done`. When cancelled, it ends without `evaluation-done`. */
export async function* runSuite(
  suite: PreparedSuite,
  step: number,
  context: EvaluationContext,
): AsyncGenerator<TrainerEventBody> {
  const mark: EvaluationMark = {
    suiteId: suite.spec.id,
    suiteName: suite.spec.name,
    suiteKind: suite.spec.kind,
    step,
  };
  const tally = new Tally();
  let waiting: SampleResult[] = [];
  yield { type: 'evaluation-started', mark, items: suite.items.length };
  for await (const results of suiteResults(suite, context)) {
    if (context.cancelled()) return;
    tally.add(results);
    waiting.push(...results);
    while (waiting.length >= batchLimit) {
      yield { type: 'evaluation-batch', mark, results: waiting.slice(0, batchLimit) };
      waiting = waiting.slice(batchLimit);
    }
  }
  if (context.cancelled()) return;
  if (waiting.length > 0) yield { type: 'evaluation-batch', mark, results: waiting };
  const decoding = decodingOf(suite.spec);
  yield { type: 'evaluation-done', mark, samples: tally.samples, decoding, summary: tally.summary() };
}

async function* suiteResults(suite: PreparedSuite, context: EvaluationContext): AsyncGenerator<SampleResult[]> {
  if (isRewardModel(context.model) && suite.spec.kind !== 'pairs') {
    throw new WorkbenchError(
      'unsupported',
      `A reward model cannot run the suite ${suite.spec.name} (${suite.spec.kind}).`,
      {
        remedy: 'Give a reward run suites of the kind pairs.',
        place: { field: 'evaluate.suites' },
      },
    );
  }
  if (isAnswered(suite.spec.kind)) {
    yield* generateResults(suite, context);
    return;
  }
  for (let start = 0; start < suite.prepared.length; start += itemsPerChunk) {
    await context.breathe();
    if (context.cancelled()) return;
    yield await likelihoodResults(suite.prepared.slice(start, start + itemsPerChunk), suite.spec, context);
  }
}

async function likelihoodResults(
  items: PreparedItem[],
  spec: SuiteSpec,
  context: EvaluationContext,
): Promise<SampleResult[]> {
  const wordLexicon = spec.wordLexicon === undefined ? null : context.scoring.lexicon;
  const sequences = items.flatMap((item) => item.sequences);
  const scores = isRewardModel(context.model)
    ? await rewardEach(sequences, context.model)
    : await scoreEach(sequences, context);
  const pairSequences = items.flatMap((item) => (item.item.kind === 'pairs' ? item.sequences : []));
  const reference =
    context.reference === null || pairSequences.length === 0 ? null : await context.reference(pairSequences);
  let place = 0;
  return items.flatMap((item, i) => {
    const own = scores.slice(place, place + item.sequences.length);
    place += item.sequences.length;
    return resultsOf(
      item,
      own,
      { ...context, wordLexicon },
      reference === null ? null : [...reference.subarray(2 * i, 2 * i + 2)],
    );
  });
}

function resultsOf(
  prepared: PreparedItem,
  scores: SequenceScore[],
  { tokenizer, beta, wordLexicon }: EvaluationContext & { wordLexicon: Lexicon | null },
  reference: number[] | null,
): SampleResult[] {
  switch (prepared.item.kind) {
    case 'pairs': {
      const [chosen = 0, rejected = 0] = reference ?? [];
      const item = prepared as PreparedItem<ItemOf<'pairs'>>;
      const from = reference === null ? null : { beta, chosen, rejected };
      return [pairResult(item, scores, from, logProbRounding)];
    }
    case 'cloze':
      return [clozeResult(prepared as PreparedItem<ItemOf<'cloze'>>, scores, tokenizer)];
    case 'words':
      return wordResults(prepared as PreparedItem<ItemOf<'words'>>, scores, tokenizer, wordLexicon);
    case 'choice':
      return [choiceResult(prepared as PreparedItem<ItemOf<'choice'>>, scores)];
    case 'generate':
      throw new Error('generations are not scored by likelihood');
  }
}

/** A reward model has no log-probs; its rewards replace them in pairs, and every other suite needs the log-probs themselves. */
async function rewardEach(sequences: readonly CompletionSequence[], model: CausalLm): Promise<SequenceScore[]> {
  const none = { logProbs: new Float32Array(0), greedy: new Int32Array(0) };
  return Array.from(await scoreRewards(model, sequences), (sum) => ({ ...none, sum }));
}

/** Every sequence's log-probs and greedy tokens, in order. */
async function scoreEach(
  sequences: readonly CompletionSequence[],
  { model, ops }: EvaluationContext,
): Promise<SequenceScore[]> {
  const scores = new Array<SequenceScore>(sequences.length);
  for (const pass of planPasses(sequences, model.config.vocabSize)) {
    const members = pass.map((index) => sequences[index] as CompletionSequence);
    const { layout, logProbs, sums, greedy } = await scorePass(model, members, { ops, greedy: true });
    pass.forEach((index, i) => {
      const start = layout.starts[i] as number;
      const end = start + (layout.counts[i] as number);
      scores[index] = {
        logProbs: logProbs.subarray(start, end),
        greedy: (greedy as Int32Array).subarray(start, end),
        sum: sums[i] as number,
      };
    });
  }
  return scores;
}

/** The few numbers a curve shows. */
class Tally {
  samples = 0;
  #right = 0;
  #judged = 0;
  #scores = 0;
  #scored = 0;
  #drift = 0;
  #drifted = 0;

  add(results: readonly SampleResult[]): void {
    for (const { verdict, score, metrics } of results) {
      if (metrics?.['kl/pre'] !== undefined) {
        this.#drifted += 1;
        this.#drift += metrics['kl/pre'];
      }
      this.samples += 1;
      if (verdict === 'right' || verdict === 'wrong') this.#judged += 1;
      if (verdict === 'right') this.#right += 1;
      if (score === null) continue;
      this.#scored += 1;
      this.#scores += score;
    }
  }

  summary(): Record<string, number> {
    return {
      ...(this.#judged === 0 ? {} : { acc: this.#right / this.#judged }),
      ...(this.#scored === 0 ? {} : { score: this.#scores / this.#scored }),
      ...(this.#drifted === 0 ? {} : { 'kl/pre': this.#drift / this.#drifted }),
    };
  }
}
