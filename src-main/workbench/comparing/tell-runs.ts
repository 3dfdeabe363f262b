import type { FoundTable, FrontierPoint, MitigationLedger } from '../../shared/contract/views.ts';
import type { RunRecord } from '../../shared/domain/entities.ts';
import type { ReportMethodTable } from '../../shared/domain/reports/report-model.ts';
import { matchMethods } from '../../shared/domain/statistics/matched-methods.ts';
import type { Core } from '../core.ts';
import { againstStart, usualRule } from '../runs/flip-meter.ts';
import { runCurves } from '../studies/run-curves.ts';
import { quietTask } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { outputFloorOf } from './output-floors.ts';
import { methodOfRun } from '../../shared/presentation/methods.ts';
import { ratesOf } from '../../shared/presentation/rates.ts';
import type { Comparisons } from './comparisons.ts';
import {
  accuracySentence,
  curveSentence,
  guardAnswer,
  guardAnswerAlong,
  guardSetSentence,
  halfwaySentence,
  matchedSentence,
  outcomeSentence,
  outputsSentence,
} from './found-sentences.ts';
import { foundTable } from './found-table.ts';
import type { OutputsCheck } from './found-table.ts';
import { mitigationLedger } from './guard-sets.ts';
import { methodPath, methodTables } from './method-paths.ts';
import type { EvaluatedPath } from './method-paths.ts';

export interface ToldRuns {
  sentences: string[];
  /** What the table says, for where there is none. */
  details: string[];
  table: FoundTable | null;
  /** The newest point of the run that is spoken of. */
  now: FrontierPoint;
  matched: ReportMethodTable | null;
  /** A relaunch was held to what it lost. */
  guarded: boolean;
}

/** What runs came to on one suite, `subject` before the others. Null where nothing of it was counted. */
export async function tellRuns(
  core: Core,
  comparisons: Comparisons,
  about: {
    runs: readonly RunRecord[];
    subject: RunRecord;
    paths: readonly EvaluatedPath[];
    /** Of interpolated weights too. */
    points: readonly FrontierPoint[];
    suiteName: string;
  },
  task: Task,
): Promise<ToldRuns | null> {
  const { runs, subject, paths, suiteName } = about;
  const own = paths.find(({ runId }) => runId === subject.id)?.points ?? [];
  const now = own.findLast(({ counts }) => counts !== null);
  if (now === undefined) return null;
  const outcome = { runName: subject.name, suiteName, start: own.find(({ step }) => step === 0), now };
  const matched = methodTables(suiteName, paths).find(({ axis }) => axis === 'reward-gain') ?? null;
  const answer = guardAnswer(againstLess(paths));
  const curves = await runCurves(core, comparisons, runs, task);
  const guarded = await guardedRuns(core, comparisons, runs, subject, task);
  const outputs = await outputsOf(core, comparisons, runs, task);
  return {
    sentences: [
      outcomeSentence(outcome),
      ...(curves === null
        ? matched === null
          ? accuracySentence(outcome)
          : answer.length > 0
            ? answer
            : [matchedSentence(matched)]
        : [
            ...halfwaySentence(
              subject.name,
              about.points.find(({ pathOf }) => pathOf === subject.id),
              now,
            ),
            ...guardAnswerAlong(curves, suiteName),
          ]),
      ...guarded.map(({ run, ledger }) => guardSetSentence(run.name, ledger)),
    ],
    details: [
      ...curveSentence(curves, suiteName),
      ...outputs.flatMap((check) => outputsSentence(check.suiteName, check.runs)),
    ],
    table: foundTable(curves, suiteName, outputs),
    now,
    // Straight lines from start to end say something else than the paths, which are what was measured.
    matched: curves === null ? matched : null,
    guarded: guarded.length > 0,
  };
}

/** Old output against new output of every run, for each suite of outputs: sampled ones, with their floor, first. */
async function outputsOf(
  core: Core,
  comparisons: Comparisons,
  runs: readonly RunRecord[],
  task: Task,
): Promise<OutputsCheck[]> {
  const told = new Map<string, OutputsCheck['runs']>();
  for (const run of runs) {
    const { id, name } = run;
    const method = methodOfRun(run);
    const ends = againstStart(await core.store.listEvaluations({ runId: id }));
    const last = new Map(ends.map((pair) => [pair[1].suiteName, pair]));
    for (const [suiteName, [base, later]] of last) {
      if (later.suiteKind !== 'outputs') continue;
      const rule = usualRule(base, later);
      const comparison = await comparisons.ready(base.id, later.id, rule, quietTask(task.signal));
      const { n, negative, nfr } = ratesOf(comparison.counts);
      if (n === 0) continue;
      const { low, high } = nfr;
      const floor = await outputFloorOf(core, comparison);
      told.set(suiteName, [...(told.get(suiteName) ?? []), { method, runName: name, n, negative, low, high, floor }]);
    }
  }
  const withFloor = ({ runs: own }: OutputsCheck) => Number(own.some(({ floor }) => floor !== null));
  return [...told].map(([suiteName, own]) => ({ suiteName, runs: own })).sort((a, b) => withFloor(b) - withFloor(a));
}

async function guardedRuns(
  core: Core,
  comparisons: Comparisons,
  runs: readonly RunRecord[],
  { id }: RunRecord,
  task: Task,
): Promise<{ run: RunRecord; ledger: MitigationLedger }[]> {
  const told: { run: RunRecord; ledger: MitigationLedger }[] = [];
  const held = runs.filter(
    ({ guardSetId, parentRunId, ...run }) => guardSetId !== null && (parentRunId === id || run.id === id),
  );
  for (const run of held.slice(-1)) {
    // A set or a comparison that was deleted since has no ledger: the sentence is left out.
    const ledgers = await mitigationLedger(core, comparisons, run.guardSetId ?? '', run.id, task, 0).catch(() => {
      task.signal.throwIfAborted();
      return [];
    });
    told.push(...ledgers.map((ledger) => ({ run, ledger })));
  }
  return told;
}

/** The methods against weights that were only moved less far. */
function againstLess(paths: readonly EvaluatedPath[]): ReportMethodTable | null {
  const methods = paths.filter(({ heldToGuardSet }) => !heldToGuardSet).map(methodPath);
  if (!methods.some(({ method }) => method === 'interpolation')) return null;
  const table = matchMethods(methods, { axis: 'reward-gain', reference: 'interpolation' });
  return table === null ? null : { title: '', ...table };
}
