import { continuesPrompt } from '../../shared/domain/evaluations.ts';
import type { DecodingSettings, SuiteKind } from '../../shared/domain/evaluations.ts';
import type { FlipKind } from '../../shared/domain/flips.ts';
import type { Answer } from '../../shared/domain/kinds/change-kinds.ts';
import { float64sOf } from '../codec.ts';
import type { ReadableDb } from '../database.ts';
import { prepare, sql, value } from '../database.ts';
import { packKey } from '../keys.ts';
import { metricNames } from './evaluations.ts';

/**
 * How a side was judged: 1 right, 2 wrong, by the comparison's rule if it judges sides; a threshold's verdict follows from
 * the pair's outcome.
 */
export function sideCode(outcome: FlipKind, side: 'left' | 'right', verdict: number, rule: string): number {
  if (rule !== 'threshold') return verdict;
  if (outcome === 'negative') return side === 'left' ? 1 : 2;
  if (outcome === 'positive') return side === 'left' ? 2 : 1;
  return outcome === 'kept-right' ? 1 : outcome === 'kept-wrong' ? 2 : 0;
}

/** Whether an evaluation is of preference pairs: the text kept with each is then the rejected response, which no model wrote. */
export function isOfPairs(db: ReadableDb, evaluation: number): boolean {
  return (
    value<string | null>(db, sql`SELECT suite_kind FROM evaluations WHERE evaluation_key = ${evaluation}`) === 'pairs'
  );
}

/** Whether what an evaluation judges continues its prompts. */
export function judgesContinuations(db: ReadableDb, evaluation: number): boolean {
  return continuesPrompt(
    value<SuiteKind | null>(db, sql`SELECT suite_kind FROM evaluations WHERE evaluation_key = ${evaluation}`),
  );
}

/** Reads one side's answer to a sample; null if it has no text or, for preference pairs, gave none. */
export function answerReader(
  db: ReadableDb,
  evaluation: number,
): (sampleKey: number, verdict: number) => Answer | null {
  const read = answersReader(db, evaluation);
  return (sampleKey, verdict) => read([sampleKey])(sampleKey, verdict);
}

/**
 * The same for many samples: their texts are read at once if their keys are close together, as in a comparison, which takes a
 * quarter of the time of a query for each. The returned function knows only the samples that were asked for.
 */
export function answersReader(
  db: ReadableDb,
  evaluation: number,
): (sampleKeys: readonly number[]) => (sampleKey: number, verdict: number) => Answer | null {
  if (isOfPairs(db, evaluation)) return () => () => null;
  const bodies = rowsReader<[number, string]>(
    db,
    'SELECT score_key, body FROM outputs WHERE score_key BETWEEN ? AND ?',
  );
  const wasCut = cutReader(db, evaluation);
  return (sampleKeys) => {
    const texts = bodies(sampleKeys.map((sampleKey) => packKey(evaluation, sampleKey)));
    return (sampleKey, verdict) => {
      const key = packKey(evaluation, sampleKey);
      const text = texts.get(key)?.[1];
      return text === undefined ? null : { text, right: verdict === 1, wrong: verdict === 2, cut: wasCut(key) };
    };
  };
}

/** Reads prompts and targets of many samples at once. */
export function promptsReader(
  db: ReadableDb,
): (sampleKeys: readonly number[]) => ReadonlyMap<number, readonly [number, string, string | null]> {
  return rowsReader(db, 'SELECT sample_key, prompt, target FROM sample_texts WHERE sample_key BETWEEN ? AND ?');
}

/** If the range has fewer keys than this for each one wanted, it is read whole; else one by one. */
const readFor = 2;

/** Rows by their first column, the key by which `text` selects a range. */
function rowsReader<Row extends readonly [number, ...unknown[]]>(
  db: ReadableDb,
  text: string,
): (keys: readonly number[]) => ReadonlyMap<number, Row> {
  const statement = prepare(db, text, 'array');
  return (keys) => {
    const [first, last] = keys.reduce(([least, most], key) => [Math.min(least, key), Math.max(most, key)], [
      Infinity,
      -Infinity,
    ] as [number, number]);
    const rows =
      last - first < readFor * keys.length
        ? (statement.all(first, last) as Row[])
        : keys.flatMap((key) => statement.all(key, key) as Row[]);
    return new Map(rows.map((row) => [row[0], row]));
  };
}

/** Whether generation reached its limit: as the evaluation's tool said (`cut`), or by the tokens counted; null = not known. */
function cutReader(db: ReadableDb, evaluation: number): (scoreKey: number) => boolean | null {
  const names = metricNames(db, evaluation);
  const decoding = value<string | null>(db, sql`SELECT decoding FROM evaluations WHERE evaluation_key = ${evaluation}`);
  const most = decoding ? (JSON.parse(decoding) as Partial<DecodingSettings>).maxNewTokens : undefined;
  const [cutAt, tokensAt] = [names.indexOf('cut'), most === undefined ? -1 : names.indexOf('tokens')];
  if (cutAt < 0 && tokensAt < 0) return () => null;
  const metrics = prepare(db, 'SELECT metrics FROM scores WHERE score_key = ?', 'value');
  return (scoreKey) => {
    const blob = metrics.get(scoreKey) as Uint8Array | null | undefined;
    if (blob === null || blob === undefined) return null;
    const numbers = float64sOf(blob);
    const told = numbers[cutAt] ?? NaN;
    if (cutAt >= 0 && !Number.isNaN(told)) return told > 0;
    const tokens = numbers[tokensAt] ?? NaN;
    return tokensAt < 0 || most === undefined || Number.isNaN(tokens) ? null : tokens >= most;
  };
}
