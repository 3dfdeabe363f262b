import type { FrontierPoint, MitigationLedger } from '../../shared/contract/views.ts';
import type { RunRecord } from '../../shared/domain/entities.ts';
import type { ReportMethodTable } from '../../shared/domain/reports/report-model.ts';
import { matchMethods } from '../../shared/domain/statistics/matched-methods.ts';
import type { Core } from '../core.ts';
import type { Task } from '../supervision/task.ts';
import type { Comparisons } from './comparisons.ts';
import {
  accuracySentence,
  guardAnswer,
  guardSetSentence,
  matchedSentence,
  outcomeSentence,
} from './found-sentences.ts';
import { mitigationLedger } from './guard-sets.ts';
import { methodPath, methodTables } from './method-paths.ts';
import type { EvaluatedPath } from './method-paths.ts';

export interface ToldRuns {
  sentences: string[];
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
  about: { runs: readonly RunRecord[]; subject: RunRecord; paths: readonly EvaluatedPath[]; suiteName: string },
  task: Task,
): Promise<ToldRuns | null> {
  const { runs, subject, paths, suiteName } = about;
  const own = paths.find(({ runId }) => runId === subject.id)?.points ?? [];
  const now = own.findLast(({ counts }) => counts !== null);
  if (now === undefined) return null;
  const outcome = { runName: subject.name, suiteName, start: own.find(({ step }) => step === 0), now };
  const matched = methodTables(suiteName, paths).find(({ axis }) => axis === 'reward-gain') ?? null;
  const answer = guardAnswer(againstLess(paths));
  const guarded = await guardedRuns(core, comparisons, runs, subject, task);
  return {
    sentences: [
      outcomeSentence(outcome),
      ...(matched === null ? accuracySentence(outcome) : answer.length > 0 ? answer : [matchedSentence(matched)]),
      ...guarded.map(({ run, ledger }) => guardSetSentence(run.name, ledger)),
    ],
    now,
    matched,
    guarded: guarded.length > 0,
  };
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
