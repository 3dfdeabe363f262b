import type { SampleResult, Verdict } from '../../shared/domain/evaluations.ts';
import { isPlainObject, own } from '../field-path.ts';
import { addMetric, newMetrics } from './metrics.ts';

/** Inspect's letters: correct, incorrect, partial, no answer. */
const letters = new Map<unknown, { verdict: Verdict; score: number }>([
  ['C', { verdict: 'right', score: 1 }],
  ['I', { verdict: 'wrong', score: 0 }],
  ['P', { verdict: 'tie', score: 0.5 }],
  ['N', { verdict: 'wrong', score: 0 }],
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

/** Puts the chosen scorer's value into the row as verdict and score, all others into its metrics. */
export function applyScores(
  row: SampleResult,
  scores: unknown,
  scorer: string | null,
  scorers: readonly ScorerInfo[],
): void {
  if (!isPlainObject(scores)) return;
  const metrics = newMetrics();
  for (const name of Object.keys(scores)) {
    const value = own(scores[name], 'value');
    const judged = judge(value, scorers.find((info) => info.name === name)?.isAccuracy ?? false);
    if (name === scorer) Object.assign(row, judged);
    if (name !== scorer || judged.score === null) addMetric(metrics, name, judged.score ?? value);
  }
  if (Object.keys(metrics).length > 0) row.metrics = metrics;
}

function judge(value: unknown, isAccuracy: boolean): { verdict: Verdict | null; score: number | null } {
  const letter = letters.get(value);
  if (letter !== undefined) return letter;
  if (typeof value === 'boolean') return { verdict: value ? 'right' : 'wrong', score: value ? 1 : 0 };
  if (typeof value !== 'number' || !Number.isFinite(value)) return { verdict: null, score: null };
  const isBinary = isAccuracy && (value === 0 || value === 1);
  return { verdict: isBinary ? (value === 1 ? 'right' : 'wrong') : null, score: value };
}
