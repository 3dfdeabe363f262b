/** A tokenised sequence whose completion is `ids[from…]`. The token at 0 has no prediction, so `from` ≥ 1 counts. */
export interface CompletionSequence {
  ids: Int32Array;
  from: number;
}

/** Rows of about equal length, right-padded together. */
export interface RowGroup {
  /** Which sequences of the batch, by index. */
  rows: number[];
  /** Padded length. */
  time: number;
  lengths: number[];
  /** Token ids, [rows × time], 0 where padded. */
  ids: Int32Array;
  /** Flat positions (row·time + t) whose hidden state predicts a completion token. */
  positions: Int32Array;
}

/**
 * Where every completion token of a batch lies. Tokens are numbered through group by group; the tokens of sequence r
 * are `starts[r] … starts[r] + counts[r] − 1`.
 */
export interface BatchLayout {
  groups: RowGroup[];
  /** Completion tokens of the batch. */
  tokens: number;
  /** The token wanted at each numbered place. */
  labels: Int32Array;
  starts: number[];
  counts: number[];
}

/** Splitting pays once padding would be this share of a group's work; a group costs a pass of small kernels. */
const tolerableWaste = 0.1;
const smallestGroup = 4;

export function layoutBatch(sequences: readonly CompletionSequence[], splitByLength = true): BatchLayout {
  const order = sequences.map((_, i) => i).sort((a, b) => lengthOf(sequences, a) - lengthOf(sequences, b) || a - b);
  const parts = splitByLength
    ? splitRows(sequences, order).map((rows) => rows.reverse())
    : [sequences.map((_, i) => i)];
  // The longest first: attention leaves out the rows that have ended.
  const groups = parts.filter((rows) => rows.length > 0).map((rows) => padRows(sequences, rows));
  const starts = new Array<number>(sequences.length).fill(0);
  const counts = sequences.map(completionLength);
  const tokens = counts.reduce((sum, count) => sum + count, 0);
  const labels = new Int32Array(tokens);
  let place = 0;
  for (const row of groups.flatMap((group) => group.rows)) {
    const sequence = sequences[row] as CompletionSequence;
    starts[row] = place;
    labels.set(sequence.ids.subarray(Math.max(1, sequence.from)), place);
    place += counts[row] as number;
  }
  return { groups, tokens, labels, starts, counts };
}

/** Where the tokens of `part` lie in a layout whose first sequences are the part's, in the part's own order. */
export function placesOf(part: BatchLayout, whole: BatchLayout): Int32Array {
  const places = new Int32Array(part.tokens);
  part.starts.forEach((start, sequence) => {
    for (let token = 0; token < (part.counts[sequence] as number); token++) {
      places[start + token] = (whole.starts[sequence] as number) + token;
    }
  });
  return places;
}

export function completionLength(sequence: CompletionSequence): number {
  return Math.max(0, sequence.ids.length - Math.max(1, sequence.from));
}

function lengthOf(sequences: readonly CompletionSequence[], row: number): number {
  return sequences[row]?.ids.length ?? 0;
}

/** Halves the length-sorted rows as long as that saves enough padding. */
function splitRows(sequences: readonly CompletionSequence[], order: number[]): number[][] {
  const longest = lengthOf(sequences, order[order.length - 1] ?? 0);
  if (order.length < 2 * smallestGroup) return [order];
  let best = { saved: 0, at: 0 };
  for (let at = smallestGroup; at <= order.length - smallestGroup; at++) {
    const saved = at * (longest - lengthOf(sequences, order[at - 1] as number));
    if (saved > best.saved) best = { saved, at };
  }
  if (best.saved < tolerableWaste * longest * order.length) return [order];
  return [...splitRows(sequences, order.slice(0, best.at)), ...splitRows(sequences, order.slice(best.at))];
}

function padRows(sequences: readonly CompletionSequence[], rows: number[]): RowGroup {
  const lengths = rows.map((row) => lengthOf(sequences, row));
  const time = Math.max(1, ...lengths);
  const ids = new Int32Array(rows.length * time);
  const positions: number[] = [];
  rows.forEach((row, i) => {
    const sequence = sequences[row] as CompletionSequence;
    ids.set(sequence.ids, i * time);
    for (let t = Math.max(1, sequence.from); t < sequence.ids.length; t++) positions.push(i * time + t - 1);
  });
  return { rows, time, lengths, ids, positions: Int32Array.from(positions) };
}
