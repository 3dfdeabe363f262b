/**
 * A curve with at most about `points` points: the steps are cut into equal stretches, and the least and greatest value of each
 * are kept, in order, so that no spike is lost. A value that is not finite becomes null (a gap) and is kept once per stretch.
 */
export function downsample(
  steps: readonly number[],
  values: readonly number[],
  points: number,
): { steps: number[]; values: (number | null)[] } {
  if (steps.length <= points) return { steps: [...steps], values: values.map(finiteOrNull) };
  const stretches = Math.max(1, Math.floor(points / 2));
  const kept: number[] = [];
  for (let stretch = 0; stretch < stretches; stretch++) {
    const from = Math.floor((stretch * steps.length) / stretches);
    const to = Math.floor(((stretch + 1) * steps.length) / stretches);
    kept.push(...extremes(values, from, to));
  }
  return { steps: kept.map((index) => steps[index] ?? 0), values: kept.map((index) => finiteOrNull(values[index])) };
}

/** Positions of the least, the greatest and the first non-finite value in `[from, to)`, in order, each once. */
function extremes(values: readonly number[], from: number, to: number): number[] {
  let least = -1;
  let greatest = -1;
  let gap = -1;
  for (let i = from; i < to; i++) {
    const value = values[i] ?? NaN;
    if (!Number.isFinite(value)) {
      if (gap < 0) gap = i;
      continue;
    }
    if (least < 0 || value < (values[least] ?? NaN)) least = i;
    if (greatest < 0 || value > (values[greatest] ?? NaN)) greatest = i;
  }
  return [...new Set([least, greatest, gap])].filter((index) => index >= 0).sort((a, b) => a - b);
}

function finiteOrNull(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
