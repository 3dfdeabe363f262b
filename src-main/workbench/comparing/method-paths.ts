import type { FrontierPoint } from '../../shared/contract/views.ts';
import type { RunRecord } from '../../shared/domain/entities.ts';
import type { ReportMethodTable } from '../../shared/domain/reports/report-model.ts';
import { matchMethods } from '../../shared/domain/statistics/matched-methods.ts';
import type { MethodPath } from '../../shared/domain/statistics/matched-methods.ts';

/** The way of each run, and of interpolated weights, from before training on; and how methods compare along them. */

export interface EvaluatedPath {
  /** Null of interpolated weights. */
  runId: string | null;
  /** What charts call it. */
  name: string;
  method: string;
  seed: number;
  /** From before training on. */
  points: FrontierPoint[];
  /** Held to the samples that it is checked on: drawn, and not a method to be compared with the others. */
  heldToGuardSet: boolean;
}

export function evaluatedPaths(points: readonly FrontierPoint[], runs: readonly RunRecord[]): EvaluatedPath[] {
  return [...runPaths(points, runs), ...mixedPath(points, runs)];
}

export function labelOf({ step, runName }: FrontierPoint): string {
  return step === 0 ? 'start' : step === null ? runName : `step ${step}`;
}

/** Methods at a matched reward gain and at a matched KL; the unguarded method is what the others are held against. */
export function methodTables(title: string, evaluated: readonly EvaluatedPath[]): ReportMethodTable[] {
  const paths = evaluated.filter(({ heldToGuardSet }) => !heldToGuardSet).map(methodPath);
  const methods = methodNames(paths);
  const reference = ['DPO', 'PPO'].find((name) => methods.has(name)) ?? paths[0]?.method;
  if (methods.size < 2 || reference === undefined) return [];
  return (['reward-gain', 'kl'] as const).flatMap((axis) => {
    // Interpolated weights have a reward but no measured KL.
    const known = axis === 'kl' ? paths.filter(({ points }) => points.every(({ kl }) => kl !== null)) : paths;
    const table = methodNames(known).size < 2 ? null : matchMethods(known, { axis, reference });
    return table === null ? [] : [{ title, ...table }];
  });
}

function methodNames(paths: readonly MethodPath[]): Set<string> {
  return new Set(paths.map(({ method }) => method));
}

/** Each run's evaluated steps in order, in the order of the runs; only runs that were evaluated before training. */
function runPaths(points: readonly FrontierPoint[], runs: readonly RunRecord[]): EvaluatedPath[] {
  return runs.flatMap(({ id, name, spec, guardSetId }) => {
    const known = points.filter(
      ({ runId, reward, step, counts }) => runId === id && reward !== null && (step === 0 || counts !== null),
    );
    const ordered = known.sort((a, b) => (a.step ?? 0) - (b.step ?? 0));
    const method = ordered.at(-1)?.method;
    if (method === undefined || ordered[0]?.step !== 0 || ordered.length < 2) return [];
    return [{ runId: id, name, method, seed: spec.seed, points: ordered, heldToGuardSet: guardSetId !== null }];
  });
}

/**
 * Interpolated weights as a path from the start on, ordered by reward: of the run without a guard, where it is known which run they lead
 * to. They belong to one trained model, so there is a path only where all runs share a seed.
 */
function mixedPath(points: readonly FrontierPoint[], runs: readonly RunRecord[]): EvaluatedPath[] {
  const [seed, ...others] = new Set(runs.map(({ spec }) => spec.seed));
  const start = runPaths(points, runs)[0]?.points[0];
  if (seed === undefined || others.length > 0 || start === undefined) return [];
  const plain = runs.find(({ spec }) => spec.guard.kind === 'none')?.id ?? null;
  const mixed = points.filter(
    ({ method, reward, counts, pathOf }) =>
      method === 'interpolation' && reward !== null && counts !== null && (pathOf === null || pathOf === plain),
  );
  if (mixed.length === 0) return [];
  const inOrder = mixed.sort((a, b) => (a.reward ?? 0) - (b.reward ?? 0));
  return [
    {
      runId: null,
      name: 'interpolation',
      method: 'interpolation',
      seed,
      points: [start, ...inOrder],
      heldToGuardSet: false,
    },
  ];
}

export function methodPath({ method, seed, points }: EvaluatedPath): MethodPath {
  return {
    method,
    seed,
    points: points.map((point, i) => pathPoint(point, method === 'interpolation' ? i : (point.step ?? 0))),
  };
}

function pathPoint(point: FrontierPoint, position: number): MethodPath['points'][number] {
  return {
    position,
    label: labelOf(point),
    reward: point.reward ?? 0,
    kl: point.kl,
    negativeFlips: point.counts?.negative ?? 0,
    positiveFlips: point.counts?.positive ?? 0,
    n: point.counts?.n ?? 1,
  };
}
