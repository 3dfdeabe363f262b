import type { FlipExportRow } from '../api.ts';
import { previewCharacters } from '../../shared/domain/flip-view.ts';
import type { FlipFilter, FlipRow } from '../../shared/domain/flip-view.ts';
import type { ReadableDb } from '../database.ts';
import { prepare } from '../database.ts';
import { packKey } from '../keys.ts';
import { nameOf } from '../queries/names.ts';
import { verdictOf } from '../queries/verdicts.ts';
import { preview, previewEnd } from '../texts.ts';
import type { LoadedComparison } from './comparison.ts';
import { kindOf, stabilities } from './columns.ts';
import { namesOfChanges } from './kind-columns.ts';

/** A text no longer than this many bytes is read whole; of a longer one, only the beginning. */
const wholeBytes = 4 * previewCharacters;
const short = (column: string): string =>
  `CASE WHEN octet_length(${column}) <= ${wholeBytes} THEN ${column} ELSE substr(${column}, 1, ${previewCharacters}) END`;
/** Of a longer one, only the end, plus one character to show that it was cut. */
const end = (column: string): string =>
  `CASE WHEN octet_length(${column}) <= ${wholeBytes} THEN ${column} ELSE substr(${column}, ${-previewCharacters - 1}) END`;
const sampleSql = (prompt: string) =>
  `SELECT s.external_id, ${prompt} FROM samples s JOIN sample_texts t USING (sample_key) WHERE s.sample_key = ?`;
const outputSql = `SELECT ${short('body')} FROM outputs WHERE score_key = ?`;

/** The rows of a table's window: columns from memory, texts by key. */
export function flipRows(comparison: LoadedComparison, rows: Int32Array, verdicts?: FlipFilter['verdicts']): FlipRow[] {
  const { db, columns } = comparison;
  const { continues } = comparison;
  const sample = prepare(db, sampleSql(continues ? end('t.prompt') : short('t.prompt')), 'array');
  const output = prepare(db, outputSql, 'value');
  return Array.from(rows, (row) => {
    const sampleKey = columns.get('leftKey')[row] ?? 0;
    const rightKey = columns.get('rightKey')[row] ?? 0;
    const [externalId, prompt] = (sample.get(sampleKey) as [string, string] | undefined) ?? ['', ''];
    const text = (evaluation: number, key: number): string | null => {
      if (comparison.ofPairs) return null;
      const body = output.get(packKey(evaluation, key)) as string | undefined;
      return body === undefined ? null : preview(body, previewCharacters);
    };
    return {
      ...numbersOf(comparison, row, verdicts),
      slices: [...comparison.sliced.listed(columns.get('sliceSet')[row] ?? 0)],
      sampleKey,
      sampleId: externalId,
      prompt: continues ? previewEnd(prompt, previewCharacters) : preview(prompt, previewCharacters),
      continues,
      leftOutput: text(comparison.leftKey, sampleKey),
      rightOutput: text(comparison.rightKey, rightKey),
    };
  });
}

const wholeSampleSql =
  'SELECT s.external_id, t.prompt, t.target FROM samples s JOIN sample_texts t USING (sample_key) WHERE s.sample_key = ?';
const wholeOutputSql = 'SELECT body FROM outputs WHERE score_key = ?';
const noteSql = 'SELECT note FROM annotations WHERE comparison_key = ? AND sample_key = ?';

/** The same with whole texts, for exports. */
export function exportRows(
  comparison: LoadedComparison,
  rows: Int32Array,
  verdicts?: FlipFilter['verdicts'],
): FlipExportRow[] {
  const { db, columns } = comparison;
  const sample = prepare(db, wholeSampleSql, 'array');
  const output = prepare(db, wholeOutputSql, 'value');
  const note = prepare(db, noteSql, 'value');
  return Array.from(rows, (row) => {
    const sampleKey = columns.get('leftKey')[row] ?? 0;
    const rightKey = columns.get('rightKey')[row] ?? 0;
    const cluster = columns.get('cluster')[row] ?? 0;
    const [externalId, prompt, target] = (sample.get(sampleKey) as [string, string, string | null] | undefined) ?? [
      '',
      '',
      null,
    ];
    const text = (evaluation: number, key: number) =>
      (output.get(packKey(evaluation, key)) as string | undefined) ?? null;
    const [leftText, rightText] = [text(comparison.leftKey, sampleKey), text(comparison.rightKey, rightKey)];
    return {
      ...numbersOf(comparison, row, verdicts),
      slices: [...comparison.sliced.names(columns.get('sliceSet')[row] ?? 0)],
      sampleKey,
      sampleId: externalId,
      prompt,
      target,
      rejected: comparison.ofPairs ? (leftText ?? rightText) : null,
      cluster: cluster === 0 ? null : nameOf(db, cluster),
      sampleTags: tagNames(db, comparison.sampleTags().get(row)),
      leftOutput: comparison.ofPairs ? null : leftText,
      rightOutput: comparison.ofPairs ? null : rightText,
      note: (note.get(comparison.key, sampleKey) as string | undefined) ?? '',
    };
  });
}

/** The same for samples by their keys; those that the comparison lacks are left out. */
export function flipTexts(comparison: LoadedComparison, sampleKeys: readonly number[]): FlipExportRow[] {
  const rows = sampleKeys.map((key) => comparison.columns.positionOf(key)).filter((row) => row >= 0);
  return exportRows(comparison, Int32Array.from(rows));
}

function numbersOf(
  comparison: LoadedComparison,
  row: number,
  verdicts: FlipFilter['verdicts'],
): Omit<FlipRow, 'continues' | 'slices' | 'sampleKey' | 'sampleId' | 'prompt' | 'leftOutput' | 'rightOutput'> {
  const { columns } = comparison;
  const { label, reviewed, noted, corrections } = comparison.judgements();
  const correction = verdicts === 'as-evaluated' ? undefined : corrections.get(row);
  const firing = columns.get('firing')[row] ?? -1;
  return {
    kind: kindOf(comparison.kinds(verdicts)[row]),
    delta: numberOrNull(columns.get('delta')[row]),
    leftScore: numberOrNull(columns.get('leftScore')[row]),
    rightScore: numberOrNull(columns.get('rightScore')[row]),
    leftVerdict: verdictOf(correction?.left || (columns.get('leftVerdict')[row] ?? 0)),
    rightVerdict: verdictOf(correction?.right || (columns.get('rightVerdict')[row] ?? 0)),
    tags: tagNames(comparison.db, comparison.tags().get(row)),
    length: columns.get('length')[row] ?? 0,
    firing: firing < 0 ? null : firing,
    stability: stabilities[(columns.get('stability')[row] ?? 0) - 1] ?? null,
    label: label[row] || null,
    reviewed: reviewed[row] === 1,
    corrected: corrections.has(row),
    noted: noted[row] === 1,
    changes: namesOfChanges(
      columns.get('appeared')[row] ?? 0,
      columns.get('gone')[row] ?? 0,
      comparison.ownKinds() ?? [],
    ),
  };
}

function tagNames(db: ReadableDb, tags: readonly number[] = []): string[] {
  return tags.map((tag) => nameOf(db, tag) ?? '').sort();
}

function numberOrNull(number: number | undefined): number | null {
  return number === undefined || Number.isNaN(number) ? null : number;
}
