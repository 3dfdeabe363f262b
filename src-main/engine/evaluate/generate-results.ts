import type { SuiteNumbers } from '../../shared/domain/metrics.ts';
import type { SampleResult } from '../../shared/domain/evaluations.ts';
import { textOf } from '../data/tokenise.ts';
import { generate } from '../decode/generate.ts';
import type { ItemOf, PreparedItem } from './prepare.ts';
import { common } from './results.ts';
import { decodingOf, type EvaluationContext, type PreparedSuite } from './context.ts';
import { scoreAnswers } from './scorers.ts';

const promptsPerChunk = 64;

/** Continuations of a `generate` suite, judged by its scorer. */
export async function* generateResults(
  suite: PreparedSuite,
  context: EvaluationContext,
): AsyncGenerator<SampleResult[]> {
  const decoding = decodingOf(suite.spec);
  if (decoding === null) throw new Error('only a generate suite decodes');
  const items = suite.prepared as PreparedItem<ItemOf<'generate'>>[];
  const signal = {
    get aborted() {
      return context.cancelled();
    },
  };
  for (let start = 0; start < items.length && !context.cancelled(); start += promptsPerChunk) {
    const chunk = items.slice(start, start + promptsPerChunk);
    const prompts = chunk.map(({ sequences }) => [...(sequences[0]?.ids ?? [])]);
    // Sampling differs by place in the list, so every chunk gets a seed of its own.
    const settings = { ...decoding, seed: decoding.seed + start };
    const generations = await generate(context.model, context.tokenizer, prompts, settings, { signal }).catch(
      (error: unknown) => {
        if (context.cancelled()) return null;
        throw error;
      },
    );
    if (generations === null) return;
    const answers = generations.map(({ text }, i) => ({
      ...ofItem((chunk[i] as PreparedItem<ItemOf<'generate'>>).item),
      output: text,
    }));
    const judged = await scoreAnswers(suite.spec.scorer ?? null, answers, context.scoring);
    yield chunk.map(({ item }, i) => {
      const logProbs = generations[i]?.logProbs ?? [];
      return {
        ...common(item),
        prompt: textOf(item.prompt),
        ...(item.target === undefined ? {} : { target: item.target }),
        output: answers[i]?.output ?? null,
        score: judged[i]?.score ?? null,
        verdict: judged[i]?.verdict ?? null,
        ...(judged[i]?.fields === undefined ? {} : { fields: judged[i].fields }),
        metrics: {
          tokens: logProbs.length,
          'logps/output': logProbs.reduce((sum, x) => sum + x, 0),
        } satisfies SuiteNumbers<'generate'>,
      };
    });
  }
}

function ofItem({ id, prompt, target, slices }: ItemOf<'generate'>) {
  return { id, prompt, target, ...(slices === undefined ? {} : { slices }) };
}
