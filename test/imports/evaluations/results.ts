import type { SampleResult } from '../../../src-main/shared/domain/evaluations.ts';

/** What of a result an importer decides. */
export const briefly = (rows: readonly SampleResult[]) =>
  rows.map(({ prompt, output, target, verdict, score, resultTags }) => [
    prompt,
    output,
    target,
    verdict,
    score,
    resultTags,
  ]);
