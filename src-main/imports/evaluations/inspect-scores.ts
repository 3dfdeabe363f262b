import type { SampleResult, Verdict } from '../../shared/domain/evaluations.ts';
import { isPlainObject, own } from '../field-path.ts';
import type { InspectSurvey } from './inspect-survey.ts';
import { addMetric, newMetrics } from './metrics.ts';

/** Inspect's letters: correct, incorrect, partial, no answer. */
const letters = new Map<unknown, { verdict: Verdict; score: number }>([
  ['C', { verdict: 'right', score: 1 }],
  ['I', { verdict: 'wrong', score: 0 }],
  ['P', { verdict: 'tie', score: 0.5 }],
  ['N', { verdict: 'wrong', score: 0 }],
]);

export function isLetter(value: unknown): value is string {
  return letters.has(value);
}

/** Words that Inspect's `value_to_float` counts as 1 and 0, where a score is to be averaged. */
const words = new Map<string, 0 | 1>([
  ['yes', 1],
  ['true', 1],
  ['no', 0],
  ['false', 0],
]);

/** Scorers by name, and whether a scorer's 1 and 0 mean right and wrong: they do where Inspect computes an accuracy of them. */
export interface ScorerInfo {
  name: string;
  isAccuracy: boolean;
}

/** What a log's header says of its scorers; empty when it says nothing. */
export function readScorers(header: unknown): ScorerInfo[] {
  const declared = own(own(header, 'eval'), 'scorers');
  const computed = own(own(header, 'results'), 'scores');
  const scorers: ScorerInfo[] = [];
  for (const scorer of [...asList(declared), ...asList(computed)]) {
    const name = own(scorer, 'name');
    if (typeof name !== 'string') continue;
    const isAccuracy = JSON.stringify(own(scorer, 'metrics') ?? null).includes('accuracy');
    const known = scorers.find((info) => info.name === name);
    if (known === undefined) scorers.push({ name, isAccuracy });
    else known.isAccuracy ||= isAccuracy;
  }
  return scorers;
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [];
}

/** Scores by name; a scorer that gives several values has one entry each, as `scorer.value`. */
export function flatScores(scores: unknown): Record<string, unknown> {
  const flat = Object.create(null) as Record<string, unknown>;
  if (!isPlainObject(scores)) return flat;
  for (const name of Object.keys(scores)) {
    const score = scores[name];
    const value = own(score, 'value');
    if (!isPlainObject(value)) flat[name] = value;
    else for (const key of Object.keys(value)) flat[`${name}.${key}`] = value[key];
  }
  return flat;
}

/** Puts the selected scorer's value into the row as verdict and score, all others into its metrics. */
export function applyScores(
  row: SampleResult,
  scores: Record<string, unknown>,
  scorer: string | null,
  scorers: readonly ScorerInfo[],
  survey: InspectSurvey,
): void {
  const metrics = newMetrics();
  for (const name of Object.keys(scores)) {
    const value = scores[name];
    const info = scorers.find((entry) => name === entry.name || name.startsWith(`${entry.name}.`));
    // Without a header nothing says how a scorer is averaged; a word that means yes or no is then what it says.
    const judged = judge(value, {
      isAccuracy: info?.isAccuracy ?? scorers.length === 0,
      numbersJudge: survey.numbersJudge(name),
      lettersJudge: survey.lettersJudge(name),
    });
    if (name === scorer) Object.assign(row, judged);
    if (name !== scorer || judged.score === null) addMetric(metrics, name, judged.score ?? value);
  }
  if (Object.keys(metrics).length > 0) row.metrics = metrics;
}

interface JudgeRules {
  isAccuracy: boolean;
  numbersJudge: boolean;
  lettersJudge: boolean;
}

function judge(
  value: unknown,
  { isAccuracy, numbersJudge, lettersJudge }: JudgeRules,
): { verdict: Verdict | null; score: number | null } {
  const text = typeof value === 'string' ? value.trim() : value;
  const letter = lettersJudge ? letters.get(text) : undefined;
  if (letter !== undefined) return letter;
  if (typeof text === 'boolean') return { verdict: text ? 'right' : 'wrong', score: text ? 1 : 0 };
  const number = typeof text === 'string' && isAccuracy ? numberOf(text) : text;
  if (typeof number !== 'number' || !Number.isFinite(number)) return { verdict: null, score: null };
  const isBinary = isAccuracy && numbersJudge && (number === 0 || number === 1);
  return { verdict: isBinary ? (number === 1 ? 'right' : 'wrong') : null, score: number };
}

/** Logs of the first format version have one unnamed score a sample. */
export function legacyScores(score: unknown): unknown {
  return isPlainObject(score) ? { score } : undefined;
}

/** A number, or one of the words; null for any other text. */
export function numberOf(text: string): number | null {
  const word = words.get(text.toLowerCase());
  if (word !== undefined) return word;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : null;
}
