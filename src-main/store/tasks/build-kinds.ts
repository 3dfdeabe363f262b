import { explainChange, kindBits } from '../../shared/domain/kinds/classify.ts';
import { boundedKinds } from '../bounded-kinds.ts';
import { bytesOf } from '../codec.ts';
import type { ReadableDb } from '../database.ts';
import { answersReader, promptsReader, sideCode } from '../queries/answers.ts';
import type { KindOrder } from '../queries/change-kinds.ts';
import { kindOf, rangeRows, StoredColumns } from '../views/columns.ts';
import type { OwnKind, ProgramFindings } from '../../shared/domain/kinds/own-kinds.ts';
import { firstOwnBit } from '../../shared/domain/kinds/change-kinds.ts';
import type { BuildBatch } from './build-comparison.ts';

/** Pairs under one time limit: with long texts they take some hundred milliseconds. */
const pairsAtOnce = 100;
const pairsMs = 20_000;

/**
 * Finds the kinds of change of every pair of a finished comparison, and hands them over as columns in ranges. A pair
 * in which a side has no text has none.
 */
export async function buildKinds(
  db: ReadableDb,
  { buildKey, leftKey, rightKey, rows, rule, settings, programs }: KindOrder,
  emit: (batch: BuildBatch) => Promise<void>,
): Promise<null> {
  const columns = new StoredColumns(db, buildKey, rows);
  const { rules, run } = boundedKinds(settings);
  const programBits = programReader(programs, rules.own);
  const outcomes = columns.get('kind');
  const keys = { left: columns.get('leftKey'), right: columns.get('rightKey') };
  const verdicts = { left: columns.get('leftVerdict'), right: columns.get('rightVerdict') };
  const readers = { prompts: promptsReader(db), left: answersReader(db, leftKey), right: answersReader(db, rightKey) };
  for (let range = 0; range * rangeRows < rows; range++) {
    const from = range * rangeRows;
    const length = Math.min(rangeRows, rows - from);
    const [appeared, gone] = [new Int32Array(length), new Int32Array(length)];
    const findFrom = (first: number): void => {
      const to = Math.min(length, first + pairsAtOnce);
      const leftSamples = [...keys.left.subarray(from + first, from + to)];
      const rightSamples = [...keys.right.subarray(from + first, from + to)];
      const prompts = readers.prompts(leftSamples);
      const sides = { left: readers.left(leftSamples), right: readers.right(rightSamples) };
      for (let i = first; i < to; i++) {
        const row = from + i;
        const outcome = kindOf(outcomes[row]);
        const leftSample = leftSamples[i - first] ?? 0;
        const left = sides.left(leftSample, sideCode(outcome, 'left', verdicts.left[row] ?? 0, rule.kind));
        const right = sides.right(
          rightSamples[i - first] ?? 0,
          sideCode(outcome, 'right', verdicts.right[row] ?? 0, rule.kind),
        );
        if (left === null || right === null) continue;
        const [, prompt, target] = prompts.get(leftSample) ?? [leftSample, '', null];
        const bits = kindBits(explainChange({ prompt, target, left, right }, outcome, rules), rules.own);
        const said = programBits(leftSample);
        appeared[i] = bits.appeared | said.appeared;
        gone[i] = bits.gone | said.gone;
      }
    };
    for (let first = 0; first < length; first += pairsAtOnce) run(pairsMs, () => findFrom(first));
    await emit({
      parts: [
        { name: 'appeared', range, data: bytesOf(appeared) },
        { name: 'gone', range, data: bytesOf(gone) },
      ],
      progress: (from + length) / rows,
    });
  }
  return null;
}

/** What programs said about a sample, as bits; samples must be asked for in the order of their keys. */
function programReader(
  programs: readonly ProgramFindings[],
  own: readonly OwnKind[],
): (sampleKey: number) => { appeared: number; gone: number } {
  const readers = programs.map(({ name, sampleKeys, holds }) => ({
    bit: 1 << (firstOwnBit + own.findIndex((one) => one.name === name)),
    sampleKeys,
    holds,
    at: 0,
  }));
  return (sampleKey) => {
    const bits = { appeared: 0, gone: 0 };
    for (const reader of readers) {
      while (reader.at < reader.sampleKeys.length && (reader.sampleKeys[reader.at] ?? 0) < sampleKey) reader.at++;
      if (reader.sampleKeys[reader.at] !== sampleKey) continue;
      if (reader.holds[reader.at] === 1) bits.gone |= reader.bit;
      if (reader.holds[reader.at] === 2) bits.appeared |= reader.bit;
    }
    return bits;
  };
}
