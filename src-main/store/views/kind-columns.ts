import type { FlipFilter } from '../../shared/domain/flip-view.ts';
import type { FlipKind } from '../../shared/domain/flips.ts';
import { flipKinds } from '../../shared/domain/flips.ts';
import { changeKinds, firstOwnBit } from '../../shared/domain/kinds/change-kinds.ts';
import type { LoadedComparison } from './comparison.ts';

/** Kinds of change between bits and names. An own kind goes by its name; `:gone` marks what only the old answer had. */
const goneMark = ':gone';

function nameOfBit(bit: number, own: readonly string[]): string | undefined {
  return bit < firstOwnBit ? changeKinds[bit] : own[bit - firstOwnBit];
}

export function namesOfChanges(appeared: number, gone: number, own: readonly string[]): string[] {
  const names: string[] = [];
  for (const [bits, mark] of [
    [appeared, ''],
    [gone, goneMark],
  ] as const) {
    for (let left = bits; left !== 0; left &= left - 1) {
      const name = nameOfBit(31 - Math.clz32(left & -left), own);
      if (name !== undefined) names.push(name + mark);
    }
  }
  return names;
}

/** Unknown names have no bit, and match nothing. */
export function changeBits(names: readonly string[], own: readonly string[]): { appeared: number; gone: number } {
  const bits = { appeared: 0, gone: 0 };
  for (const name of names) {
    const isGone = name.endsWith(goneMark);
    const plain = isGone ? name.slice(0, -goneMark.length) : name;
    const known = (changeKinds as readonly string[]).indexOf(plain);
    const bit = known >= 0 ? known : own.includes(plain) ? firstOwnBit + own.indexOf(plain) : -1;
    if (bit >= 0) bits[isGone ? 'gone' : 'appeared'] |= 1 << bit;
  }
  return bits;
}

/** For sorting: the first kind in the order of the list; NaN = none. */
export function firstChanges(appeared: Int32Array): Float64Array {
  return Float64Array.from(appeared, (bits) => (bits === 0 ? NaN : 31 - Math.clz32(bits & -bits)));
}

/** How many pairs of each outcome have a kind. */
export type ChangeCounts = { name: string; appeared: Record<FlipKind, number>; gone: Record<FlipKind, number> }[];

/** Every kind of change among some rows, own kinds last; null if kinds have not been found yet. */
export function changeCounts(
  comparison: LoadedComparison,
  rows: Int32Array,
  verdicts: FlipFilter['verdicts'],
): ChangeCounts | null {
  const own = comparison.ownKinds();
  if (own === null) return null;
  const outcomes = comparison.kinds(verdicts);
  const tally = (column: Int32Array): Int32Array => {
    const counts = new Int32Array(32 * flipKinds.length);
    for (const row of rows) {
      for (let left = column[row] ?? 0; left !== 0; left &= left - 1) {
        counts[(31 - Math.clz32(left & -left)) * flipKinds.length + (outcomes[row] ?? 0)]!++;
      }
    }
    return counts;
  };
  const [appeared, gone] = [tally(comparison.columns.get('appeared')), tally(comparison.columns.get('gone'))];
  const byOutcome = (counts: Int32Array, bit: number): Record<FlipKind, number> =>
    Object.fromEntries(flipKinds.map((kind, i) => [kind, counts[bit * flipKinds.length + i] ?? 0])) as Record<
      FlipKind,
      number
    >;
  return [
    ...changeKinds.map((name, bit) => ({ name: name as string, bit })),
    ...own.map((name, i) => ({ name, bit: firstOwnBit + i })),
  ].map(({ name, bit }) => ({ name, appeared: byOutcome(appeared, bit), gone: byOutcome(gone, bit) }));
}
