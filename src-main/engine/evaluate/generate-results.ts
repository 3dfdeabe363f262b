import { decodingOfAttempt, repeatsOf, settled } from '../../shared/domain/attempts.ts';
import type { Attempt, DecodingSettings, SampleResult } from '../../shared/domain/evaluations.ts';
import type { SuiteNumbers } from '../../shared/domain/metrics.ts';
import { textOf } from '../data/tokenise.ts';
import { generate } from '../decode/generate.ts';
import type { ItemOf, PreparedItem } from './prepare.ts';
import { common } from './results.ts';
import { decodingOf, type EvaluationContext, type PreparedSuite } from './context.ts';
import type { Judgement } from './answers.ts';
import { judgedFor, numbersAgain, scoreAgain } from './outputs.ts';
import { probeKl } from './kl-probe.ts';
import { scoreAnswers } from './scorers.ts';

const promptsPerChunk = 64;

/** Continuations of a `generate` suite, judged by its scorer: `repeats` of each item, in passes over a chunk of items. */
export async function* generateResults(
  suite: PreparedSuite,
  context: EvaluationContext,
): AsyncGenerator<SampleResult[]> {
  const decoding = decodingOf(suite.spec);
  if (decoding === null) throw new Error('only a generate suite decodes');
  const items = suite.prepared as PreparedItem<ItemOf<'generate'>>[];
  for (let start = 0; start < items.length && !context.cancelled(); start += promptsPerChunk) {
    const chunk = items.slice(start, start + promptsPerChunk);
    const passes: Pass[] = [];
    for (let number = 1; number <= repeatsOf(suite.spec); number += 1) {
      // Sampling depends on the index in the list, so every chunk gets a seed of its own.
      const own = decodingOfAttempt(decoding, number);
      const pass = await answerOnce(suite, chunk, { ...own, seed: own.seed + start }, context);
      if (pass === null) return;
      passes.push(pass);
    }
    const again: Pass[] = [];
    for (const number of numbersAgain(suite.spec)) {
      const own = decodingOfAttempt(decoding, number);
      const pass = await answerOnce(suite, chunk, { ...own, seed: own.seed + start }, context);
      if (pass === null) return;
      again.push(pass);
    }
    const drift = await driftOf(chunk, { ...decoding, seed: decoding.seed + start }, context);
    if (context.cancelled()) return;
    yield chunk.map(({ item }, i) => {
      const attempts = passes.map((pass, at): Attempt => ({
        number: at + 1,
        output: pass[i]?.output ?? null,
        ...judgedFor(suite.spec, pass[i]),
      }));
      const mean = (pick: (answer: Pass[number]) => number) =>
        passes.reduce((sum, pass) => sum + (pass[i] === undefined ? 0 : pick(pass[i])), 0) / passes.length;
      const [only] = attempts;
      return {
        ...common(item),
        prompt: textOf(item.prompt),
        ...(item.target === undefined ? {} : { target: item.target }),
        output: only?.output ?? null,
        ...(attempts.length === 1
          ? { score: only?.score ?? null, verdict: only?.verdict ?? null }
          : { ...settled(attempts), attempts }),
        // From the answer that is shown.
        ...(passes[0]?.[i]?.fields === undefined ? {} : { fields: passes[0][i].fields }),
        metrics: {
          tokens: mean(({ tokens }) => tokens),
          'logps/output': mean(({ logProb }) => logProb),
          ...scoreAgain(again.map((pass) => judgedFor(suite.spec, pass[i]).score)),
          ...(drift === null ? {} : { 'kl/pre': drift[i] ?? Number.NaN }),
        } satisfies SuiteNumbers<'generate'>,
      };
    });
  }
}

/** How far the model is from the old one on each prompt of a chunk, in nats; null if none was given, or when it was cancelled. */
async function driftOf(
  chunk: readonly PreparedItem<ItemOf<'generate'>>[],
  settings: DecodingSettings,
  context: EvaluationContext,
): Promise<Float32Array | null> {
  const { model, old, tokenizer, ops } = context;
  if (old === null) return null;
  const models = { model, old: old.model, tokenizer, ops };
  return probeKl(models, promptsOf(chunk), settings, signalOf(context), old.answersTo).catch((error: unknown) => {
    if (context.cancelled()) return null;
    throw error;
  });
}

function promptsOf(chunk: readonly PreparedItem<ItemOf<'generate'>>[]): number[][] {
  return chunk.map(({ sequences }) => [...(sequences[0]?.ids ?? [])]);
}

function signalOf(context: EvaluationContext) {
  return {
    get aborted() {
      return context.cancelled();
    },
  };
}

/** One answer to each item of a chunk. */
type Pass = (Judgement & { output: string; tokens: number; logProb: number })[];

/** Null when it was cancelled meanwhile. */
async function answerOnce(
  suite: PreparedSuite,
  chunk: readonly PreparedItem<ItemOf<'generate'>>[],
  settings: DecodingSettings,
  context: EvaluationContext,
): Promise<Pass | null> {
  const { model, tokenizer, ops } = context;
  const options = { signal: signalOf(context), ops };
  const generations = await generate(model, tokenizer, promptsOf(chunk), settings, options).catch((error: unknown) => {
    if (context.cancelled()) return null;
    throw error;
  });
  if (generations === null) return null;
  const answers = generations.map(({ text }, i) => ({
    ...ofItem((chunk[i] as PreparedItem<ItemOf<'generate'>>).item),
    output: text,
  }));
  const judged = await scoreAnswers(suite.spec.scorer ?? null, answers, context.scoring);
  return generations.map(({ text, logProbs }, i) => ({
    ...(judged[i] ?? { score: null, verdict: null }),
    output: text,
    tokens: logProbs.length,
    logProb: logProbs.reduce((sum, x) => sum + x, 0),
  }));
}

function ofItem({ id, prompt, target, slices }: ItemOf<'generate'>) {
  return { id, prompt, target, ...(slices === undefined ? {} : { slices }) };
}
