import type { EvaluationRecord } from '@shared/domain/entities.ts';
import type { DecodingSettings } from '@shared/domain/evaluations.ts';

/** What judged an evaluation and how its answers were drawn, each with its name; what is not known is left out. */
export function measureFacts({ measure, decoding }: EvaluationRecord): [name: string, value: string][] {
  const known: [string, string | number | null | undefined][] = [
    ['Tool', measure?.tool == null ? null : `${measure.tool} ${measure.toolVersion ?? ''}`.trim()],
    ['Metric', measure?.metric],
    ['Scorer', measure?.scorer],
    ['Filter', measure?.filter],
    ['Annotator', measure?.annotator],
    ['Baseline', measure?.baseline],
    ['Variant', measure?.variant],
    ['Repeats', measure == null || measure.repeats === 1 ? null : measure.repeats],
    ['Shots', measure?.shots],
    ['Template', measure?.template],
    ['Version', measure?.taskVersion],
    ['Status', measure?.status],
    ['Decoding', decodingText(decoding ?? measure?.decoding ?? null)],
  ];
  return known.flatMap(([name, value]): [string, string][] =>
    value === null || value === undefined || value === '' ? [] : [[name, String(value)]],
  );
}

function decodingText(decoding: Partial<DecodingSettings> | null): string {
  if (decoding === null) return '';
  const { temperature, topP, topK, maxNewTokens, seed } = decoding;
  const greedy = temperature === 0;
  const parts = [
    greedy ? 'greedy' : temperature === undefined ? '' : `temperature ${temperature}`,
    greedy || topP === undefined ? '' : `top-p ${topP}`,
    greedy || topK === undefined ? '' : `top-k ${topK}`,
    maxNewTokens === undefined ? '' : `at most ${maxNewTokens} tokens`,
    greedy || seed === undefined ? '' : `seed ${seed}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}
