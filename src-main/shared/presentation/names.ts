/**
 * The names that the workbench gives by itself. They are written once, when a thing is made, and read everywhere: “DPO, step 48 · next
 * words” is an evaluation, “DPO, step 48 · before training · next words” the comparison of two. A name that a person gave is left alone.
 */
const separator = ' · ';
const beforeTraining = 'before training';

/** The weights of a run at a step: “DPO, step 48”, “DPO, before training”. */
export function weightsName(runName: string, step: number): string {
  return `${runName}, ${step === 0 ? beforeTraining : `step ${step}`}`;
}

/** Weights between two models; `from` is “base” where that is the model the run started from. */
export function interpolationName(fraction: number, from: string, to: string): string {
  return `Interpolation ${Number((fraction * 100).toPrecision(4))} % ${from}–${to}`;
}

/** One model of a path: the name of the path and how far along it is. */
export function mergedName(path: string, fraction: number): string {
  return `${path}, ${Number((fraction * 100).toPrecision(4))} %`;
}

/** An evaluation made here: whose answers, and to what. */
export function evaluationName(weights: string, suiteName: string): string {
  return `${weights}${separator}${suiteLabel(suiteName)}`;
}

/** A suite as people read it; names that the workbench made for machines are spelt out, all others are their own label. */
export function suiteLabel(suiteName: string): string {
  if (suiteName === 'words') return 'next words';
  const [, dataset, percent] = /^held-out-pairs (.+) ([\d.]+)%$/.exec(suiteName) ?? [];
  if (dataset !== undefined && percent !== undefined) return `held-out pairs (${percent} % of ${dataset})`;
  return suiteName === 'held-out-pairs' ? 'held-out pairs' : suiteName;
}

export interface ComparisonParts {
  left: string;
  right: string;
  /** What both sides were evaluated on, where both names say the same. */
  suite: string | null;
  /** Both sides are steps of one run. */
  sameRun: boolean;
}

/** Two evaluations' names without what both say: sides to show next to each other. */
export function comparisonParts(leftName: string, rightName: string): ComparisonParts {
  const [left, leftSuite] = split(leftName);
  const [right, rightSuite] = split(rightName);
  const shared = leftSuite !== null && leftSuite === rightSuite && left !== right;
  const sides = shared ? { left, right, suite: leftSuite } : { left: leftName, right: rightName, suite: null };
  const run = runOf(sides.right);
  const sameRun = shared && run !== null && run === runOf(left);
  return { ...sides, left: sameRun ? left.slice(run.length + 2) : sides.left, sameRun };
}

/** A comparison in one line: “DPO, step 48 · before training · next words”, or “old → new · suite” where the sides are not one run's. */
export function comparisonName(leftName: string, rightName: string): string {
  const { left, right, suite, sameRun } = comparisonParts(leftName, rightName);
  const sides = sameRun ? [right, left] : [`${left} → ${right}`];
  return [...sides, ...(suite === null ? [] : [suite])].join(separator);
}

function split(name: string): [string, string | null] {
  const at = name.lastIndexOf(separator);
  return at < 0 ? [name, null] : [name.slice(0, at), name.slice(at + separator.length)];
}

function runOf(weights: string): string | null {
  return /^(.+), (?:before training|step \d+)$/.exec(weights)?.[1] ?? null;
}

/** A comparison’s own name where a person gave it one, else that of its sides. */
export function titleOfComparison(one: { name?: string | null; leftName: string; rightName: string }): string {
  return one.name ?? comparisonName(one.leftName, one.rightName);
}
