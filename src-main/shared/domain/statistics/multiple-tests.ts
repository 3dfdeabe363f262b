/** How p-values of many slices are adjusted: Holm unless Benjamini–Hochberg is asked for. */
export const corrections = ['holm', 'bh'] as const;
export type Correction = (typeof corrections)[number];
export const correctionNames: Record<Correction, string> = { holm: 'Holm', bh: 'Benjamini–Hochberg' };

/** What tables of slices say where samples come in groups. */
export const groupedSlicesNote =
  'Intervals of slices account for grouped samples; p, and whatever a search found, count each sample by itself.';

/** The adjusted p that was asked for. */
export function adjustedP({ pHolm, pBh }: { pHolm: number; pBh?: number | undefined }, correction: Correction): number {
  return correction === 'holm' ? pHolm : (pBh ?? pHolm);
}

/**
 * Holm's step-down adjustment: p-values that keep the chance of one or more false alarms among all of them at the level
 * one reads them at. Answers in the order given.
 */
export function holm(pValues: readonly number[]): number[] {
  const adjusted = new Array<number>(pValues.length);
  let floor = 0;
  ascending(pValues).forEach((index, rank) => {
    floor = Math.max(floor, Math.min(1, (pValues[index] as number) * (pValues.length - rank)));
    adjusted[index] = floor;
  });
  return adjusted;
}

/**
 * Benjamini–Hochberg's step-up adjustment: reading them at 0.05 keeps the expected share of false alarms among the alarms
 * at 5 %. It allows more than Holm; say which was used. Answers in the order given.
 */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  const adjusted = new Array<number>(pValues.length);
  let ceiling = 1;
  ascending(pValues)
    .reverse()
    .forEach((index, fromLargest) => {
      const rank = pValues.length - fromLargest;
      ceiling = Math.min(ceiling, ((pValues[index] as number) * pValues.length) / rank);
      adjusted[index] = ceiling;
    });
  return adjusted;
}

/** Indices by growing p; equal values keep their order. */
function ascending(pValues: readonly number[]): number[] {
  return pValues.map((_, index) => index).sort((i, j) => (pValues[i] as number) - (pValues[j] as number));
}
