import type { PackedArrays, PackedForm, RowGroup } from '../models/packed-batch.ts';
import { slotsOf } from '../models/packed-batch.ts';

/** A tokenised sequence whose completion is `ids[from…]`. The token at 0 has no prediction, so `from` ≥ 1 counts. */
export interface CompletionSequence {
  ids: Int32Array;
  from: number;
}

/** What the shape of a pass over a batch depends on. */
export interface LayoutForm extends PackedForm {
  sequences: number;
  /** Completion tokens, padding included. */
  tokens: number;
}

/**
 * The position of every token of a batch. Completion tokens are numbered sequence by sequence: those of sequence r are
 * `starts[r] … starts[r] + counts[r] − 1`; what follows the last one is padding.
 */
export interface BatchLayout {
  form: LayoutForm;
  arrays: PackedArrays & {
    /** The place whose hidden state predicts each completion token, and the token wanted, [tokens]. */
    predicting: Int32Array;
    labels: Int32Array;
    /** 1 if a completion token belongs to a sequence, [sequences, tokens]. */
    membership: Float32Array;
    /** The place of each sequence's last token, [sequences]. */
    last: Int32Array;
  };
  /** Completion tokens of the batch, without padding. */
  tokens: number;
  starts: number[];
  counts: number[];
}

export interface LayoutOptions {
  /** Sizes are rounded up, so that few forms occur and each is compiled once. */
  rounded?: boolean;
  /** The largest share of a rounded size that may be padding: 1 / this. Finer sizes mean more forms, and less work in each. */
  fineness?: number;
  /** A prompt that several sequences begin with is stored once; not if a place depends on what follows it. */
  sharePrompts?: boolean;
  /** Groups of rows by length; false for one. */
  splitByLength?: boolean;
}

/** Splitting pays once this share of a group's scores would be padding; a group costs a pass of small kernels. */
const tolerableWaste = 0.2;
const smallestGroup = 4;

export function layoutBatch(sequences: readonly CompletionSequence[], options: LayoutOptions = {}): BatchLayout {
  const { rounded = false, fineness = 8, sharePrompts = true, splitByLength = true } = options;
  const grouped = groupRows(sequences, splitByLength, rounded);
  const owners = sharePrompts ? promptOwners(sequences) : sequences.map((_, row) => row);
  const counts = sequences.map(completionLength);
  const tokens = counts.reduce((sum, count) => sum + count, 0);
  const shared = (row: number) => (owners[row] === row ? 0 : sequences[row]!.from);
  const real = sequences.reduce((sum, { ids }, row) => sum + ids.length - shared(row), 0);
  const copies = sequences.reduce((sum, _, row) => sum + shared(row), 0);
  const form: LayoutForm = {
    places: roundedUp(real + 1, rounded, fineness),
    groups: grouped.map(({ rows, time }) => ({ rows: rows.length, time })),
    copies: copies === 0 ? 0 : roundedCopies(copies, rounded),
    sequences: sequences.length,
    tokens: Math.max(1, roundedUp(tokens, rounded, fineness)),
  };
  const starts: number[] = [];
  counts.reduce((start, count) => (starts.push(start), start + count), 0);
  const arrays = arraysOf(sequences, form, { grouped, owners, starts, counts });
  return { form, arrays, tokens, starts, counts };
}

export function completionLength(sequence: CompletionSequence): number {
  return Math.max(0, sequence.ids.length - Math.max(1, sequence.from));
}

/** Numbers per completion token, in the layout's order of tokens → those of each sequence. */
export function bySequence({ starts, counts }: BatchLayout, line: Float32Array): Float32Array[] {
  return starts.map((start, row) => line.slice(start, start + (counts[row] as number)));
}

interface Arrangement {
  grouped: readonly Group[];
  owners: readonly number[];
  starts: readonly number[];
  counts: readonly number[];
}

function arraysOf(
  sequences: readonly CompletionSequence[],
  form: LayoutForm,
  { grouped, owners, starts, counts }: Arrangement,
): BatchLayout['arrays'] {
  const { places, copies, tokens } = form;
  const [nobody, slots] = [places - 1, slotsOf(form)];
  const of = (length: number, fill: number) => new Int32Array(length).fill(fill);
  const arrays = {
    ids: of(places, 0),
    positions: of(places, 0),
    lengths: of(places, 1),
    spread: of(slots, nobody),
    own: of(places, 0),
    returned: of(slots, nobody),
    copySlots: of(copies, 0),
    copyPlaces: of(copies, nobody),
    predicting: of(tokens, nobody),
    labels: of(tokens, 0),
    membership: new Float32Array(sequences.length * tokens),
    last: of(sequences.length, nobody),
  };
  const firstSlots = slotsOfRows(grouped);
  let place = 0;
  let copy = 0;
  const placesOf: number[][] = [];
  // Owners come before whoever shares their prompt.
  sequences.forEach(({ ids, from }, row) => {
    const owner = owners[row]!;
    const own: number[] = [];
    placesOf.push(own);
    for (let t = 0; t < ids.length; t++) {
      const slot = firstSlots[row]! + t;
      const isCopy = owner !== row && t < from;
      const at = isCopy ? placesOf[owner]![t]! : place++;
      own.push(at);
      arrays.spread[slot] = at;
      if (isCopy) {
        arrays.copySlots[copy] = slot;
        arrays.copyPlaces[copy++] = at;
        continue;
      }
      arrays.returned[slot] = at;
      arrays.own[at] = slot;
      arrays.ids[at] = ids[t]!;
      arrays.positions[at] = t;
      arrays.lengths[at] = ids.length;
    }
    const first = ids.length - counts[row]!;
    for (let i = 0; i < counts[row]!; i++) {
      const token = starts[row]! + i;
      arrays.predicting[token] = own[first + i - 1]!;
      arrays.labels[token] = ids[first + i]!;
      arrays.membership[row * tokens + token] = 1;
    }
    arrays.last[row] = own.at(-1) ?? nobody;
  });
  const padding = arrays.spread.indexOf(nobody);
  // A slot of padding has no gradient, and the place that belongs to no token must not get one.
  arrays.own.fill(padding, place);
  arrays.copySlots.fill(padding, copy);
  return arrays;
}

/** For each sequence the first one with the same prompt. */
function promptOwners(sequences: readonly CompletionSequence[]): number[] {
  const byPrompt = new Map<string, number>();
  return sequences.map(({ ids, from }, row) => {
    const key = ids.subarray(0, from).join();
    const owner = byPrompt.get(key) ?? row;
    byPrompt.set(key, owner);
    return owner;
  });
}

interface Group extends Pick<RowGroup, 'time'> {
  rows: number[];
}

/** Rows by length, the longest first, cut where that leaves enough padding out of attention. At least one slot stays free. */
function groupRows(sequences: readonly CompletionSequence[], split: boolean, rounded: boolean): Group[] {
  const length = (row: number) => sequences[row]!.ids.length;
  const order = sequences.map((_, row) => row).sort((a, b) => length(a) - length(b) || a - b);
  const parts = split ? splitRows(order, length) : [order];
  const groups = parts.reverse().map((rows) => {
    const byLength = rows.reverse();
    return { rows: byLength, time: roundedTime(Math.max(1, length(byLength[0]!)), rounded) };
  });
  const free = groups.some(({ rows, time }) => rows.some((row) => length(row) < time));
  const shortest = groups.at(-1);
  if (!free && shortest !== undefined) shortest.time = roundedTime(shortest.time + 1, rounded);
  return groups;
}

/** Halves the length-sorted rows as long as that saves enough of their scores, which grow with the square of the length. */
function splitRows(order: number[], length: (row: number) => number): number[][] {
  const longest = length(order.at(-1)!);
  if (order.length < 2 * smallestGroup) return [order];
  let best = { saved: 0, at: 0 };
  for (let at = smallestGroup; at <= order.length - smallestGroup; at += smallestGroup) {
    const saved = at * (longest ** 2 - length(order[at - 1]!) ** 2);
    if (saved > best.saved) best = { saved, at };
  }
  if (best.saved < tolerableWaste * longest ** 2 * order.length) return [order];
  return [...splitRows(order.slice(0, best.at), length), ...splitRows(order.slice(best.at), length)];
}

function slotsOfRows(groups: readonly Group[]): number[] {
  const slots: number[] = [];
  let base = 0;
  for (const { rows, time } of groups) {
    rows.forEach((row, i) => (slots[row] = base + i * time));
    base += rows.length * time;
  }
  return slots;
}

/** Rounds up to a multiple that grows with the number: at most 1/`fineness` of it is padding, half of that on average. */
function roundedUp(count: number, rounded: boolean, fineness: number): number {
  const step = rounded ? Math.max(32, 2 ** Math.floor(Math.log2(Math.max(1, count) / fineness))) : 1;
  return Math.ceil(count / step) * step;
}

/** Coarser: a copy costs one gathered row and nothing else. */
function roundedCopies(count: number, rounded: boolean): number {
  return rounded ? 2 ** Math.ceil(Math.log2(Math.max(64, count))) : count;
}

function roundedTime(time: number, rounded: boolean): number {
  const step = rounded ? Math.max(16, 2 ** Math.floor(Math.log2(time) - 2)) : 1;
  return Math.ceil(time / step) * step;
}
