import type { ErrorReport } from './errors.ts';
import type { RunSpec } from './run-spec.ts';

/** Where a run was when it failed. */
export interface FailurePlace {
  /** The step under way or, without samples, the last one that was made; null before training began. */
  step: number | null;
  /** The step's samples; empty between steps. */
  sampleIds?: string[];
  lastCheckpointStep?: number;
}

const shownIds = 8;
const shownIdLength = 60;

/** The error with its place in words, so that whoever reads it knows what to look at and what is left. */
export function withPlace(error: ErrorReport, place: FailurePlace): ErrorReport {
  if (place.step === null) return error;
  return { ...error, message: `${sentence(error.message)} ${whereSentence(place)} ${leftSentence(place)}` };
}

function whereSentence({ step, sampleIds = [] }: FailurePlace): string {
  if (sampleIds.length === 0) return step === 0 ? 'It was before the first step.' : `It was after step ${step}.`;
  const ids = sampleIds
    .slice(0, shownIds)
    .map((id) => (id.length > shownIdLength ? `${id.slice(0, shownIdLength)}…` : id));
  const more = sampleIds.length > shownIds ? ` and ${sampleIds.length - shownIds} more` : '';
  const samples = sampleIds.length === 1 ? 'the sample' : `${sampleIds.length} samples:`;
  return `It was in step ${step}, on ${samples} ${ids.join(', ')}${more}.`;
}

function leftSentence({ lastCheckpointStep }: FailurePlace): string {
  return lastCheckpointStep === undefined
    ? 'There is no checkpoint yet.'
    : `The last checkpoint is that of step ${lastCheckpointStep}.`;
}

function sentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?…]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

/** What needs less memory than this batch; a run that failed can be relaunched with it. */
export function lessMemory({ size, accumulation, maxLength }: RunSpec['batch']): string {
  const smaller =
    size > 1
      ? `Lower batch.size (now ${size}) and raise batch.accumulation (now ${accumulation}) by the same factor, lower`
      : 'Lower';
  return `${smaller} batch.maxLength (now ${maxLength}), or train a LoRA.`;
}
