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
  /** Null only where runs are compared that have a greedy reward alone. */
  sampledReward: string | null;
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
  /** The evaluation of its sampled answers. */
  sampled: EvaluationRecord | null;
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

export type Evaluated = (place: StudyPlace, suite: string) => EvaluationRecord | null;

/** A place of a path; null where a suite is not measured there. */
export async function readPlace(
  comparisons: Comparisons,
  names: SplitNames,
  place: StudyPlace,
  evaluated: Evaluated,
  task: Task,
): Promise<PathPlace | null> {
  const start = startOf(place);
  const along = alongAt(place, names, evaluated);
  if (along === null) return null;
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
  return { fraction: place.fraction, along, sampled: sampledAt(place, names, evaluated), counts };
}

/** The old weights, of which nothing has flipped. */
export function startPlace(
  start: StudyPlace,
  first: PathPlace,
  names: SplitNames,
  evaluated: Evaluated,
): PathPlace | null {
  const along = alongAt(start, names, evaluated);
  if (along === null) return null;
  const counts = Object.fromEntries(
    Object.entries(first.counts).map(([check, { n }]) => [check, { n, negative: 0, positive: 0 }]),
  );
  return { fraction: 0, along: { ...along, kl: 0 }, sampled: sampledAt(start, names, evaluated), counts };
}

function alongAt(place: StudyPlace, names: SplitNames, evaluated: Evaluated): CurvePoint['along'] | null {
  const at = (suite: string | null) => (suite === null ? null : evaluated(place, suite));
  const [sampled, greedy] = [at(names.sampledReward), at(names.greedyReward)];
  const isMissing = (suite: string | null, found: EvaluationRecord | null) => suite !== null && found === null;
  if (isMissing(names.sampledReward, sampled) || isMissing(names.greedyReward, greedy)) return null;
  return {
    'sampled-reward': sampled?.meanScore ?? null,
    'greedy-reward': greedy?.meanScore ?? null,
    kl: (sampled ?? greedy)?.summary['kl/pre'] ?? null,
  };
}

function sampledAt(place: StudyPlace, { sampledReward }: SplitNames, evaluated: Evaluated): EvaluationRecord | null {
  return sampledReward === null ? null : evaluated(place, sampledReward);
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
