import type { MitigationLedger } from '../../shared/contract/views.ts';
import type { EvaluationRecord, GuardSetRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ComparisonRecord } from '../../shared/domain/flip-view.ts';
import { continuesPrompt } from '../../shared/domain/evaluations.ts';
import { flipKinds } from '../../shared/domain/flips.ts';
import type { FlipKind } from '../../shared/domain/flips.ts';
import type { Comparisons } from './comparisons.ts';
import type { Core } from '../core.ts';
import { existing, findByName } from '../workspace/names.ts';
import { partOf, throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';

type Outcome = MitigationLedger['rows'][number]['outcome'];

/** At most so many samples are listed, unless fewer are asked for; the counts are of all. */
const maxListed = 5_000;

/**
 * What became of a guard set's samples in a later run: against the old model (left of the comparison the set was selected
 * in) and the unguarded one (its right), on every suite the run shares with that comparison.
 */
export async function mitigationLedger(
  core: Core,
  comparisons: Comparisons,
  guardSetId: string,
  runId: string,
  task: Task,
  listedRows = maxListed,
): Promise<MitigationLedger[]> {
  const guardSet = existing('guard set', await core.store.getGuardSet(guardSetId), guardSetId);
  const unguarded = await originOf(core, guardSet);
  const evaluations = await core.store.listEvaluations();
  const base = findByName('evaluation', evaluations, unguarded.leftEvaluationId);
  const guarded = newestOf(evaluations, runId, base.suiteName);
  if (guarded === null) {
    throw new WorkbenchError(
      'not-found',
      `The run has no evaluation on “${base.suiteName}”, where the guard set was selected.`,
      {
        remedy: `Evaluate it: flipguard evaluate RUN --suite "${base.suiteName}".`,
      },
    );
  }
  const after = await comparisons.ready(base.id, guarded.id, unguarded.rule, partOf(task, 0, 0.7));
  const listing = partOf(task, 0.7, 1);
  return [await account(core, guardSet, { unguarded, after, base, listedRows }, listing)];
}

async function originOf(core: Core, guardSet: GuardSetRecord): Promise<ComparisonRecord> {
  const found = guardSet.comparisonId === null ? null : await core.store.getComparison(guardSet.comparisonId);
  if (found !== null) return found;
  throw new WorkbenchError('not-found', `The comparison in which “${guardSet.name}” was selected is gone.`, {
    remedy: 'Compare the two evaluations again and choose the set again.',
  });
}

function newestOf(evaluations: readonly EvaluationRecord[], runId: string, suiteName: string): EvaluationRecord | null {
  const own = evaluations.filter((evaluation) => evaluation.runId === runId && evaluation.suiteName === suiteName);
  return own.sort((a, b) => (b.step ?? 0) - (a.step ?? 0))[0] ?? null;
}

async function account(
  core: Core,
  guardSet: GuardSetRecord,
  about: { unguarded: ComparisonRecord; after: ComparisonRecord; base: EvaluationRecord; listedRows: number },
  task: Task,
): Promise<MitigationLedger> {
  const { unguarded, after, base, listedRows } = about;
  const guardedKeys = new Set(await core.store.guardSetSampleKeys(guardSet.id));
  const before = await kindsByKey(core, unguarded.id);
  const now = await kindsByKey(core, after.id);
  const outcomes = new Map<number, Outcome>();
  for (const [key, kind] of now) {
    const outcome = outcomeOf(guardedKeys.has(key), before.get(key), kind);
    if (outcome !== null) outcomes.set(key, outcome);
  }
  const count = (wanted: Outcome) => [...outcomes.values()].filter((outcome) => outcome === wanted).length;
  return {
    guardSet: guardSet.name,
    suiteName: base.suiteName,
    continues: continuesPrompt(base.suiteKind),
    baseEvaluationId: after.leftEvaluationId,
    unguardedEvaluationId: unguarded.rightEvaluationId,
    guardedEvaluationId: after.rightEvaluationId,
    repaired: count('repaired'),
    stillBroken: count('still-broken'),
    newlyBroken: count('newly-broken'),
    rows: listedRows === 0 ? [] : await describe(core, after.id, outcomes, listedRows, task),
  };
}

/** Kinds are of old → unguarded and old → guarded. A sample that only the guarded run breaks counts, in the set or not. */
export function outcomeOf(inSet: boolean, unguarded: FlipKind | undefined, guarded: FlipKind): Outcome | null {
  if (guarded === 'negative') return unguarded === 'negative' ? (inSet ? 'still-broken' : null) : 'newly-broken';
  if (!inSet || guarded === 'missing') return null;
  return unguarded === 'negative' ? 'repaired' : 'kept';
}

async function kindsByKey(core: Core, comparisonId: string): Promise<Map<number, FlipKind>> {
  const { kinds, sampleKeys } = await core.store.flipVectors(comparisonId, {});
  const byKey = new Map<number, FlipKind>();
  for (const [i, key] of sampleKeys.entries()) {
    const kind = flipKinds[kinds[i] ?? -1];
    if (kind !== undefined) byKey.set(key, kind);
  }
  return byKey;
}

async function describe(
  core: Core,
  comparisonId: string,
  outcomes: ReadonlyMap<number, Outcome>,
  listedRows: number,
  task: Task,
): Promise<MitigationLedger['rows']> {
  const rows: MitigationLedger['rows'] = [];
  const sort = { column: 'sampleId', direction: 'ascending' } as const;
  const wanted = Math.min(outcomes.size, listedRows);
  const enough = new Error('all that are listed');
  const streamed = core.store.streamFlips(comparisonId, {}, sort, async (batch) => {
    throwIfCancelled(task);
    for (const { sampleKey, sampleId, prompt } of batch) {
      const outcome = outcomes.get(sampleKey);
      if (outcome !== undefined && rows.length < listedRows) rows.push({ sampleKey, sampleId, prompt, outcome });
    }
    task.progress('listing the samples', rows.length / Math.max(1, wanted));
    // Ends the reading: a comparison of a million samples is not read for five.
    if (rows.length >= wanted) throw enough;
  });
  await streamed.catch((error: unknown) => {
    if (error !== enough) throw error;
  });
  return rows;
}
