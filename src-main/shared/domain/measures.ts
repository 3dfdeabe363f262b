import type { DecodingSettings } from './evaluations.ts';
import type { JudgeCard } from './judging/judge-card.ts';

/**
 * What judged an evaluation's samples. Two evaluations can be set against each other only where these agree: the same
 * answers under another annotator, filter or number of repeats give other verdicts. Null = the source does not say.
 */
export interface Measure {
  /** The program that judged, and its version. */
  tool: string | null;
  toolVersion: string | null;
  /** The metric a verdict is read from (lm-eval, lighteval, HELM). */
  metric: string | null;
  /** What the harness cut out of the answer before it judged it (lm-eval's filter). */
  filter: string | null;
  /** Inspect's scorer, or the scorer of a suite of this program. */
  scorer: string | null;
  /** Who compared with whom (AlpacaEval). */
  annotator: string | null;
  baseline: string | null;
  /** Answers per sample. */
  repeats: number;
  decoding: Partial<DecodingSettings> | null;
  /** The chat template the prompts were rendered with: `none`, or what identifies it. */
  template: string | null;
  /** Solved examples before each question, where the source says how many. */
  shots: number | null;
  /** Version of the task or suite. */
  taskVersion: string | null;
  /** What the log says of how it ended, where that is not success. */
  status: string | null;
  /** The choice that was taken where the source has several, and all there are (with the one taken). */
  variant: string | null;
  variants: string[];
  /** How far the judge of pairs can be trusted, and what it took. Absent without one. */
  judge?: JudgeCard;
  /** Sentences of the import: what was left out, replaced or assumed. */
  notes: string[];
}

export const unknownMeasure: Measure = {
  tool: null,
  toolVersion: null,
  metric: null,
  filter: null,
  scorer: null,
  annotator: null,
  baseline: null,
  repeats: 1,
  decoding: null,
  template: null,
  shots: null,
  taskVersion: null,
  status: null,
  variant: null,
  variants: [],
  notes: [],
};

/** A part of the measure that two sides do not share. `decides` = it changes which answers count as right. */
export interface MeasureDifference {
  field:
    | 'annotator'
    | 'baseline'
    | 'filter'
    | 'metric'
    | 'scorer'
    | 'repeats'
    | 'template'
    | 'shots'
    | 'taskVersion'
    | 'decoding';
  left: string;
  right: string;
  decides: boolean;
}

const judgingFields = ['annotator', 'baseline', 'filter', 'metric', 'scorer'] as const;

/** Where the measures of two sides differ. What a side does not say differs from nothing. */
export function measureDifferences(left: Measure, right: Measure): MeasureDifference[] {
  const differences: MeasureDifference[] = [];
  for (const field of judgingFields) {
    const [old, now] = [left[field], right[field]];
    if (old !== null && now !== null && old !== now) differences.push({ field, left: old, right: now, decides: true });
  }
  if (left.repeats !== right.repeats) {
    differences.push({ field: 'repeats', left: String(left.repeats), right: String(right.repeats), decides: true });
  }
  for (const field of ['template', 'shots', 'taskVersion'] as const) {
    const [old, now] = [left[field], right[field]];
    if (old !== null && now !== null && old !== now)
      differences.push({ field, left: String(old), right: String(now), decides: false });
  }
  const [old, now] = [decodingText(left.decoding), decodingText(right.decoding)];
  if (old !== null && now !== null && old !== now) {
    differences.push({ field: 'decoding', left: old, right: now, decides: false });
  }
  return differences;
}

const fieldNames: Record<MeasureDifference['field'], string> = {
  annotator: 'annotator',
  baseline: 'baseline',
  filter: 'filter',
  metric: 'metric',
  scorer: 'scorer',
  repeats: 'answers per sample',
  template: 'chat template',
  shots: 'examples before the question',
  taskVersion: 'task version',
  decoding: 'decoding',
};

/** “The two sides were judged differently: filter strict-match (old) and flexible-extract (new).”; null where they agree. */
export function describeDifferences(differences: readonly MeasureDifference[]): string | null {
  const deciding = differences.filter(({ decides }) => decides);
  if (deciding.length === 0) return null;
  const parts = deciding.map(({ field, left, right }) => `${fieldNames[field]} ${left} (old) and ${right} (new)`);
  return `The two sides were judged differently: ${parts.join('; ')}. Their verdicts cannot be set against each other.`;
}

/** What differs without deciding who is right: a sentence to read the numbers by, or null. */
export function describeConditions(differences: readonly MeasureDifference[]): string | null {
  const others = differences.filter(({ decides }) => !decides);
  if (others.length === 0) return null;
  const parts = others.map(({ field, left, right }) => `${fieldNames[field]} ${left} (old) and ${right} (new)`);
  return `The two sides were produced under different conditions: ${parts.join('; ')}.`;
}

/** “metric exact_match, filter strict-match, 4 answers per sample”: empty where nothing is known. */
export function describeMeasure(measure: Measure): string {
  const parts: string[] = [];
  if (measure.annotator !== null) parts.push(`annotator ${measure.annotator}`);
  if (measure.baseline !== null) parts.push(`baseline ${measure.baseline}`);
  if (measure.metric !== null) parts.push(`metric ${measure.metric}`);
  if (measure.filter !== null && measure.filter !== 'none') parts.push(`filter ${measure.filter}`);
  if (measure.scorer !== null) parts.push(`scorer ${measure.scorer}`);
  if (measure.shots !== null) parts.push(`${measure.shots}-shot`);
  if (measure.repeats > 1) parts.push(`${measure.repeats} answers per sample`);
  if (measure.status !== null) parts.push(`status ${measure.status}`);
  return parts.join(', ');
}

/** Ends the variant in which each of several answers to a sample is judged by itself: `score-first/each-answer`. */
export const eachAnswer = 'each-answer';

/** Whether the samples were judged by what a word names: a variant, filter, metric, annotator or scorer. */
export function isJudgedBy({ variant, filter, metric, annotator, scorer }: Measure, name: string): boolean {
  // Each of several answers, read by a filter, is another measure than the filter's own verdict.
  if (variant?.endsWith(`/${eachAnswer}`) === true) return name === variant;
  return [variant, filter, metric, annotator, scorer, `${filter}/${metric}`].includes(name);
}

/** What else the source could have been judged by: its variants without what was taken. */
export function otherVariants(measure: Measure): string[] {
  return measure.variants.filter((name) => !isJudgedBy(measure, name));
}

/** “Both sources also hold flexible-extract (--variant).”; null where there was no choice. */
export function describeOthers(left: Measure, right: Measure): string | null {
  const [old, now] = [otherVariants(left), otherVariants(right)];
  const both = old.filter((name) => now.includes(name));
  const only = (names: readonly string[]): string => names.filter((name) => !both.includes(name)).join(', ');
  const sentences = [
    both.length === 0 ? '' : `Both sources also hold ${both.join(', ')} (--variant).`,
    only(old) === '' ? '' : `The old source also holds ${only(old)} (--variant).`,
    only(now) === '' ? '' : `The new source also holds ${only(now)} (--variant).`,
  ].filter((sentence) => sentence !== '');
  return sentences.length === 0 ? null : sentences.join(' ');
}

/** The variants that both sides have, where their own differ: what `--variant` can be given. */
export function sharedVariants(left: Measure, right: Measure): string[] {
  return left.variants.filter((variant) => right.variants.includes(variant));
}

function decodingText(decoding: Partial<DecodingSettings> | null): string | null {
  if (decoding === null) return null;
  const { temperature, topP, topK, maxNewTokens } = decoding;
  const parts = [
    temperature === undefined ? null : temperature === 0 ? 'greedy' : `temperature ${temperature}`,
    topP === undefined || temperature === 0 ? null : `top-p ${topP}`,
    topK === undefined || temperature === 0 ? null : `top-k ${topK}`,
    maxNewTokens === undefined ? null : `${maxNewTokens} tokens`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(', ');
}
