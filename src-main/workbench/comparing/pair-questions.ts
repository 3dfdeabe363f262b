import { createHash } from 'node:crypto';
import { pairMessages } from '../../shared/domain/judging/pairwise.ts';
import type { PairJudge, PairMessage, PairToJudge } from '../../shared/domain/judging/pairwise.ts';
import type { FlipExportRow, Store } from '../../store/api.ts';

/** Whose texts are in memory at a time. */
const readAtOnce = 100;

export interface DrawnPair extends PairToJudge {
  readonly sampleKey: number;
  readonly sampleId: string;
  readonly slices: string[];
  readonly cluster: string | null;
}

/** What is asked of pairs: first, the same once more, and old answers against second samplings of the old model. */
export type Round = 'first' | 'again' | 'floor';

export interface Question {
  readonly sampleKey: number;
  readonly round: Round;
  readonly oldFirst: boolean;
  /** Digest of all that is sent. */
  readonly id: string;
  readonly messages: readonly PairMessage[];
}

/** The samples that are judged, by their keys in the comparison; the floor’s are those of the old side against its second sampling. */
export interface DrawnKeys {
  readonly comparisonId: string;
  readonly keys: readonly number[];
  readonly floor: { readonly comparisonId: string; readonly keys: readonly number[] } | null;
}

/** Pairs in the order of their keys, some at a time; null for a sample without an answer on both sides, or that is not there. */
export async function* readPairs(
  store: Store,
  comparisonId: string,
  keys: readonly number[],
): AsyncGenerator<(DrawnPair | null)[]> {
  for (let from = 0; from < keys.length; from += readAtOnce) {
    const wanted = keys.slice(from, from + readAtOnce);
    const rows = new Map((await store.flipTexts(comparisonId, wanted)).map((row) => [row.sampleKey, row]));
    yield wanted.map((key) => pairOf(rows.get(key)));
  }
}

/** Everything that is asked, some at a time, in the order in which it is asked. */
export async function* allQuestions(store: Store, drawn: DrawnKeys, judge: PairJudge): AsyncGenerator<Question[]> {
  let asked = 0;
  for await (const read of readPairs(store, drawn.comparisonId, drawn.keys)) {
    const pairs = read.filter((pair) => pair !== null);
    yield questionsOf(pairs, judge, asked);
    asked += pairs.filter(isDifferent).length;
  }
  if (drawn.floor === null) return;
  for await (const read of readPairs(store, drawn.floor.comparisonId, drawn.floor.keys))
    yield floorQuestions(
      read.filter((pair) => pair !== null),
      judge,
    );
}

/** Questions on some pairs, of which `asked` came before: the first `judge.again` are asked once more. */
export function questionsOf(pairs: readonly DrawnPair[], judge: PairJudge, asked: number): Question[] {
  const different = pairs.filter(isDifferent);
  const again = different.slice(0, Math.max(0, judge.again - asked));
  return [...bothOrders(different, judge, 'first'), ...bothOrders(again, judge, 'again')];
}

export function floorQuestions(pairs: readonly DrawnPair[], judge: PairJudge): Question[] {
  return bothOrders(pairs.filter(isDifferent), judge, 'floor');
}

/** Two answers of one text are a tie that nobody is asked about. */
export function isDifferent({ old, now }: PairToJudge): boolean {
  return old !== now;
}

function bothOrders(pairs: readonly DrawnPair[], judge: PairJudge, round: Round): Question[] {
  return pairs.flatMap((pair) =>
    [true, false].map((oldFirst) => {
      const messages = pairMessages(pair, judge.rubric, oldFirst);
      return { sampleKey: pair.sampleKey, round, oldFirst, id: digestOf(judge, messages, round), messages };
    }),
  );
}

function digestOf({ endpoint, model, seed }: PairJudge, messages: readonly PairMessage[], round: Round): string {
  const sent = [endpoint.replace(/\/+$/u, ''), model, seed, round === 'again', messages];
  return createHash('sha256').update(JSON.stringify(sent)).digest('base64url').slice(0, 22);
}

function pairOf(row: FlipExportRow | undefined): DrawnPair | null {
  if (row === undefined) return null;
  const { sampleKey, sampleId, prompt, target, leftOutput, rightOutput, slices, cluster } = row;
  if (leftOutput === null || rightOutput === null) return null;
  return { sampleKey, sampleId, prompt, target, old: leftOutput, now: rightOutput, slices, cluster };
}
