import type { EvaluationRecord, RunRecord } from '../../shared/domain/entities.ts';
import type { Rule } from '../../shared/domain/flip-rules.ts';
import type { CurvePoint, MethodCurve } from '../../shared/domain/statistics/matched-curves.ts';
import type { StudyPlace } from '../../shared/domain/studies.ts';
import { ratesOf } from '../../shared/presentation/rates.ts';
import type { Comparisons } from '../comparing/comparisons.ts';
import type { Core } from '../core.ts';
import { usualRule } from '../runs/flip-meter.ts';
import type { Task } from '../supervision/task.ts';
import { readPoint, startOf } from './points.ts';

/** Names of a split's suites. */
export interface SplitNames {
  flips: readonly string[];
  sampledReward: string;
  greedyReward: string | null;
}

export interface CheckCounts {
  negative: number;
  positive: number;
  n: number;
}

/** A measured point of a run's path. */
export interface PathPlace {
  fraction: number;
  along: CurvePoint['along'];
  /** By check: a suite's name, or `fellLabel` of the greedy rewards. */
  counts: Record<string, CheckCounts>;
}

export interface StudyPath {
  model: string;
  method: string;
  candidate: number;
  seed: number;
  run: RunRecord | null;
  /** From the old weights on; only those whose every suite is measured. */
  points: PathPlace[];
}

/** Answers whose reward fell under greedy decoding: the paper's own notion of a flip, with the noise that one prompt has. */
export function fellLabel(suite: string): string {
  return `${suite}: reward fell`;
}
const fell: Rule = { kind: 'margin', tau: 0, direction: 'higher' };

export function checksOf({ flips, greedyReward }: SplitNames): string[] {
  return [...flips, ...(greedyReward === null ? [] : [fellLabel(greedyReward)])];
}

/** What a study has measured in a phase, path by path. */
export async function readPaths(
  { store }: Pick<Core, 'store'>,
  comparisons: Comparisons,
  { studyId, phase, names }: { studyId: string; phase: StudyPlace['phase']; names: SplitNames },
  task: Task,
): Promise<StudyPath[]> {
  const kept = Object.entries(await store.studyPoints(studyId)).flatMap(([point, thing]) => {
    const read = readPoint(point);
    return read?.place.phase === phase ? [{ ...read, thing }] : [];
  });
  const evaluations = new Map<string, EvaluationRecord>((await store.listEvaluations()).map((one) => [one.id, one]));
  const runs = new Map<string, RunRecord>((await store.listRuns()).map((one) => [one.id, one]));
  const evaluated = (place: StudyPlace, suite: string): EvaluationRecord | null => {
    const found = kept.find((one) => 'suite' in one.part && one.part.suite === suite && isSame(one.place, place));
    return (found === undefined ? undefined : evaluations.get(found.thing)) ?? null;
  };
  const ends = kept.filter(({ part }) => 'part' in part && part.part === 'run');
  const paths: StudyPath[] = [];
  for (const [i, end] of ends.entries()) {
    task.progress('reading what was measured', i / ends.length);
    const places = [
      ...new Set(kept.filter(({ place }) => isOnPath(place, end.place)).map(({ place }) => place.fraction)),
    ];
    const points: PathPlace[] = [];
    for (const fraction of places.sort((a, b) => a - b)) {
      const point = await readPlace(comparisons, names, { ...end.place, fraction }, evaluated, task);
      if (point !== null) points.push(point);
    }
    const { model, method, candidate, seed } = end.place;
    const start = points[0] === undefined ? null : startPlace(startOf(end.place), points[0], names, evaluated);
    const whole = start === null ? [] : [start, ...points];
    paths.push({ model, method, candidate, seed, run: runs.get(end.thing) ?? null, points: whole });
  }
  return paths;
}

type Evaluated = (place: StudyPlace, suite: string) => EvaluationRecord | null;

async function readPlace(
  comparisons: Comparisons,
  names: SplitNames,
  place: StudyPlace,
  evaluated: Evaluated,
  task: Task,
): Promise<PathPlace | null> {
  const start = startOf(place);
  const sampled = evaluated(place, names.sampledReward);
  const greedy = names.greedyReward === null ? null : evaluated(place, names.greedyReward);
  if (sampled === null || (names.greedyReward !== null && greedy === null)) return null;
  const counts: PathPlace['counts'] = {};
  const pairs = names.flips.map((suite) => ({ label: suite, suite, rule: null as Rule | null }));
  if (names.greedyReward !== null) {
    pairs.push({ label: fellLabel(names.greedyReward), suite: names.greedyReward, rule: fell });
  }
  for (const { label, suite, rule } of pairs) {
    const [old, now] = [evaluated(start, suite), evaluated(place, suite)];
    if (old === null || now === null) return null;
    const ready = await comparisons.ready(old.id, now.id, rule ?? usualRule(old, now), task);
    const { n, negative, positive } = ratesOf(ready.counts);
    counts[label] = { n, negative, positive };
  }
  return { fraction: place.fraction, along: alongOf(sampled, greedy), counts };
}

function startPlace(start: StudyPlace, first: PathPlace, names: SplitNames, evaluated: Evaluated): PathPlace | null {
  const sampled = evaluated(start, names.sampledReward);
  const greedy = names.greedyReward === null ? null : evaluated(start, names.greedyReward);
  if (sampled === null) return null;
  const counts = Object.fromEntries(
    Object.entries(first.counts).map(([check, { n }]) => [check, { n, negative: 0, positive: 0 }]),
  );
  return { fraction: 0, along: { ...alongOf(sampled, greedy), kl: 0 }, counts };
}

function alongOf(sampled: EvaluationRecord, greedy: EvaluationRecord | null): CurvePoint['along'] {
  return {
    'sampled-reward': sampled.meanScore,
    'greedy-reward': greedy?.meanScore ?? null,
    kl: sampled.summary['kl/pre'] ?? null,
  };
}

function isSame(a: StudyPlace, b: StudyPlace): boolean {
  return (
    a.phase === b.phase &&
    a.model === b.model &&
    a.method === b.method &&
    a.candidate === b.candidate &&
    a.seed === b.seed &&
    a.fraction === b.fraction
  );
}

function isOnPath(place: StudyPlace, end: StudyPlace): boolean {
  return isSame({ ...place, fraction: 1 }, { ...end, fraction: 1 });
}

/** Paths as the curves of one check. */
export function curvesOf(
  paths: readonly StudyPath[],
  check: string,
  nameOf: (path: StudyPath) => string,
): MethodCurve[] {
  return paths
    .filter(({ points }) => points.length > 1)
    .map((path) => ({
      method: nameOf(path),
      seed: path.seed,
      points: path.points.map(({ fraction, along, counts }) => ({
        fraction,
        along,
        negativeFlips: counts[check]?.negative ?? 0,
        n: Math.max(1, counts[check]?.n ?? 1),
      })),
    }));
}
