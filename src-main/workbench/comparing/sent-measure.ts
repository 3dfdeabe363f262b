import type { SuiteRecord } from '../../shared/domain/entities.ts';
import type { Measure } from '../../shared/domain/measures.ts';
import { unknownMeasure } from '../../shared/domain/measures.ts';

/** What left the machine stays with the evaluation: a judge's origin and model. */
export function sentMeasure({ scorer }: SuiteRecord): Measure | null {
  if (scorer?.kind !== 'judge') return null;
  const origin = new URL(scorer.endpoint).origin;
  return { ...unknownMeasure, scorer: `judge ${scorer.model}`, notes: [`Prompts and answers went to ${origin}.`] };
}
