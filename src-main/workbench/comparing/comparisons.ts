// Over 300 lines: one interface and the state behind it (what is open, what is being built), which all of its reads share.
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ComparisonRecord, FlipFilter } from '../../shared/domain/flip-view.ts';
import { defaultRule, flipKinds } from '../../shared/domain/flips.ts';
import type { Rule } from '../../shared/domain/flip-rules.ts';
import type { FlipKind } from '../../shared/domain/flips.ts';
import type { FlipSet } from '../../shared/domain/kinds/flip-set.ts';
import type { JudgedStatements, JudgePlan, JudgeWish } from '../../shared/domain/kinds/judged-statements.ts';
import type { SetStatements } from '../../shared/domain/kinds/set-statements.ts';
import type { ChangeSummary } from '../../shared/domain/statistics/change-summary.ts';
import type { ClusteredRate, ComparisonSummary, Rate } from '../../shared/domain/statistics/comparison-summary.ts';
import type { SearchSample } from '../../shared/domain/statistics/slice-features.ts';
import type { SliceSearchResult } from '../../shared/domain/statistics/slice-search.ts';
import { clustersOrNull } from '../../shared/domain/statistics/clustered-rates.ts';
import { countFlips, noFlipCounts } from '../../shared/domain/statistics/summarise.ts';
import type { ComparisonTally } from '../../shared/domain/statistics/summarise.ts';
import { comparisonName } from '../../shared/presentation/names.ts';
import type { FlipExportRow } from '../../store/api.ts';
import type { PairBy } from '../../shared/domain/pairing.ts';
import type { Core } from '../core.ts';
import { basisOf } from './basis.ts';
import { putIntoWords, statementsOf } from './flip-sets.ts';
import type { OwnProgram } from '../../shared/domain/kinds/own-kinds.ts';
import { askOwnPrograms } from './own-programs.ts';
import { judgeStatements, planOfJudge } from './judge-statements.ts';
import type { Statistics } from '../statistics/statistics.ts';
import { partOf, quietTask, throwIfCancelled, unlessCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';

export interface Comparisons {
  list(): Promise<ComparisonRecord[]>;
  get(comparisonId: string): Promise<ComparisonRecord>;
  /** Finds or starts it; a job shows the building. */
  open(leftId: string, rightId: string, rule?: Rule, pairBy?: PairBy): Promise<ComparisonRecord>;
  /** Resolves when it is ready. */
  ready(
    leftId: string,
    rightId: string,
    rule: Rule | undefined,
    task: Task,
    pairBy?: PairBy,
  ): Promise<ComparisonRecord>;
  summary(comparisonId: string, filter?: FlipFilter, place?: string): Promise<ComparisonSummary>;
  /** Kinds of change among the samples of a filter; found first where they are missing. */
  kinds(comparisonId: string, filter?: FlipFilter, task?: Task): Promise<ChangeSummary>;
  /** Negative flips of one kind among all samples counted; where samples come in groups, their interval knows it. */
  kindRate(comparisonId: string, kind: string): Promise<Rate | ClusteredRate>;
  /** What the samples of a filter have in common: which answers became which, and groups of what changed alike. */
  flipSet(comparisonId: string, filter: FlipFilter, task: Task): Promise<FlipSet>;
  /** What the samples of a filter have in common: the statements that tell most, each a filter's `where`. */
  statements(comparisonId: string, filter: FlipFilter, task: Task): Promise<SetStatements>;
  /** What a judge would be sent for that, before anything is. */
  judgePlan(comparisonId: string, filter: FlipFilter, wish: JudgeWish): Promise<JudgePlan>;
  /** The same in a judge's words, each judged sample by sample; kept. Needs the endpoint to be allowed. */
  judge(comparisonId: string, filter: FlipFilter, wish: JudgeWish, task: Task): Promise<JudgedStatements>;
  /** What a judge said before of this filter. */
  judged(comparisonId: string, filter: FlipFilter): Promise<JudgedStatements | null>;
  /** Slices with excess negative flips, corrected for the search. */
  findSlices(comparisonId: string, task: Task): Promise<SliceSearchResult>;
  remove(comparisonId: string): Promise<void>;
}

/** The search for slices reads texts: of more samples than this, evenly spread ones are searched (the answer tells how many). */
const searchedSamples = 100_000;
/** Characters that are searched in all: 20,000 of each text, fewer where there are more than 20,000 samples. */
const searchedCharacters = 400_000_000;
/** Slices of one sample that are tried. */
const triedSlices = 100;

export function createComparisons(core: Core, statistics: Statistics): Comparisons {
  const { store, bus, jobs } = core;
  /** Those that have a job. */
  const building = new Set<string>();

  async function get(comparisonId: string): Promise<ComparisonRecord> {
    const found = await store.getComparison(comparisonId);
    if (found === null) throw new WorkbenchError('not-found', `There is no comparison ${comparisonId}.`);
    return found;
  }

  /** The store builds each once, however many ask. A build continues without those who are cancelled: it is kept for the next. */
  function build(comparison: ComparisonRecord, task: Task): Promise<ComparisonRecord> {
    throwIfCancelled(task);
    const progress = (fraction: number) => task.progress('comparing samples', fraction);
    return unlessCancelled(task, store.buildComparison(comparison.id, progress));
  }

  async function findOrStart(
    leftId: string,
    rightId: string,
    rule: Rule = defaultRule,
    pairBy: PairBy = 'auto',
  ): Promise<ComparisonRecord> {
    if (leftId === rightId) {
      throw new WorkbenchError('bad-input', 'An evaluation compared with itself has no flips.', {
        remedy: 'Choose two evaluations; for a noise floor, evaluate again with another seed.',
      });
    }
    return store.openComparison(leftId, rightId, rule, pairBy);
  }

  function buildInBackground(comparison: ComparisonRecord): void {
    if (building.has(comparison.id)) return;
    building.add(comparison.id);
    jobs.start(
      { kind: 'comparison', title: comparisonName(comparison.leftName, comparison.rightName) },
      async (task) => {
        const built = await build(comparison, task).finally(() => building.delete(comparison.id));
        bus.publish({ topic: 'comparison', comparison: built });
        bus.publish({ topic: 'changed', lists: ['comparisons'] });
        return { comparisonId: built.id };
      },
    );
  }

  async function summary(comparisonId: string, filter: FlipFilter = {}, place?: string): Promise<ComparisonSummary> {
    const comparison = requireReady(await get(comparisonId));
    const vectors = await store.flipVectors(comparisonId, filter, place);
    const whole = isEmpty(filter);
    const choices = await store.choiceVectors(comparisonId, filter);
    const repeated = await store.repeatedVectors(comparisonId, filter);
    const clusters = clustersOrNull(vectors.clusters);
    const { slices, leftOut } = whole
      ? await slicesOf(comparisonId, clusters !== null, filter.verdicts)
      : { slices: [], leftOut: 0 };
    const evaluations = await store.listEvaluations();
    const sideOf = (id: string) => evaluations.find((evaluation) => evaluation.id === id);
    const counted = await statistics.calculate<'summary'>({
      kind: 'summary',
      tally: {
        left: { id: comparison.leftEvaluationId, name: comparison.leftName },
        right: { id: comparison.rightEvaluationId, name: comparison.rightName },
        rule: comparison.rule,
        unmatchedLeft: comparison.counts.unmatchedLeft,
        unmatchedRight: comparison.counts.unmatchedRight,
        counts: countFlips(kindsOf(vectors.kinds)),
        corrections: whole && filter.verdicts === undefined ? correctionsOf(comparison) : null,
        slices,
        samples: {
          kinds: vectors.kinds,
          deltas: vectors.deltas,
          clusters,
          attempts: vectors.attempts,
          choices,
          repeated,
        },
      },
      options: {},
    });
    const [left, right] = [sideOf(comparison.leftEvaluationId), sideOf(comparison.rightEvaluationId)];
    return { ...counted, ...(leftOut > 0 ? { slicesLeftOut: leftOut } : {}), ...basisOf(comparison, left, right) };
  }

  /** The finding continues without those who are cancelled: it is kept for the next. */
  function findKinds(comparisonId: string, task: Task): Promise<void> {
    throwIfCancelled(task);
    const progress = (fraction: number) => task.progress('reading what changed', fraction);
    const ask = (programs: readonly OwnProgram[]) => askOwnPrograms(store, comparisonId, programs, task);
    return unlessCancelled(task, store.findKinds(comparisonId, progress, ask));
  }

  async function kinds(
    comparisonId: string,
    filter: FlipFilter = {},
    task: Task = quietTask(),
  ): Promise<ChangeSummary> {
    requireReady(await get(comparisonId));
    await findKinds(comparisonId, task);
    const counted = await store.changeCounts(comparisonId, filter);
    // Found a moment ago; the settings may have changed since.
    if (counted === null)
      throw new WorkbenchError('conflict', 'The rules of kinds changed meanwhile.', { remedy: 'Ask again.' });
    const outcomes = countFlips(kindsOf((await store.flipVectors(comparisonId, filter)).kinds));
    return statistics.calculate<'change-summary'>({ kind: 'change-summary', counted, outcomes });
  }

  async function kindRate(comparisonId: string, kind: string): Promise<Rate | ClusteredRate> {
    const comparison = requireReady(await get(comparisonId));
    await findKinds(comparisonId, quietTask());
    const all = await store.flipVectors(comparisonId, {});
    const hits = new Set((await store.flipVectors(comparisonId, { kinds: ['negative'], changes: [kind] })).sampleKeys);
    // What flipped for another reason counts as kept: the rate is then the kind's own.
    const [negative, kept] = [flipKinds.indexOf('negative'), flipKinds.indexOf('kept-right')];
    const kinds = all.kinds.map((code, i) => (code === negative && !hits.has(all.sampleKeys[i] ?? 0) ? kept : code));
    const summary = await statistics.calculate<'summary'>({
      kind: 'summary',
      tally: {
        left: { id: comparison.leftEvaluationId, name: comparison.leftName },
        right: { id: comparison.rightEvaluationId, name: comparison.rightName },
        rule: comparison.rule,
        unmatchedLeft: 0,
        unmatchedRight: 0,
        counts: countFlips(kindsOf(kinds)),
        corrections: null,
        slices: [],
        samples: { kinds, deltas: new Float64Array(0), clusters: clustersOrNull(all.clusters) },
      },
      options: { resamples: 1 },
    });
    return summary.clustered?.nfr ?? summary.nfr;
  }

  async function slicesOf(
    comparisonId: string,
    grouped: boolean,
    verdicts: FlipFilter['verdicts'],
  ): Promise<{ slices: ComparisonTally['slices']; leftOut: number }> {
    const { slices: counted, leftOut } = await store.sliceCounts(comparisonId, verdicts);
    const slices = counted.map(({ slice, counts }) => ({ name: slice, counts: { ...noFlipCounts(), ...counts } }));
    if (!grouped || slices.length === 0) return { slices, leftOut };
    const { ends, kinds, clusters } = await store.sliceSamples(comparisonId, verdicts);
    const withSamples = slices.map((slice, i) => {
      const [from, to] = [ends[i - 1] ?? 0, ends[i] ?? 0];
      const samples = { kinds: kinds.slice(from, to), clusters: clustersOrNull(clusters.slice(from, to)) };
      return { ...slice, samples };
    });
    return { slices: withSamples, leftOut };
  }

  return {
    list: () => store.listComparisons(),
    get,
    async open(leftId, rightId, rule, pairBy) {
      const comparison = await findOrStart(leftId, rightId, rule, pairBy);
      if (comparison.state !== 'ready') buildInBackground(comparison);
      return comparison;
    },
    async ready(leftId, rightId, rule, task, pairBy) {
      const comparison = await findOrStart(leftId, rightId, rule, pairBy);
      return comparison.state === 'ready' ? comparison : build(comparison, task);
    },
    summary,
    kinds,
    kindRate,
    async flipSet(comparisonId, filter, task) {
      requireReady(await get(comparisonId));
      return putIntoWords({ store, statistics, findKinds }, comparisonId, filter, task);
    },
    async statements(comparisonId, filter, task) {
      requireReady(await get(comparisonId));
      return statementsOf({ store, findKinds }, comparisonId, filter, task);
    },
    async judgePlan(comparisonId, filter, wish) {
      requireReady(await get(comparisonId));
      return planOfJudge(store, comparisonId, filter, wish);
    },
    async judge(comparisonId, filter, wish, task) {
      requireReady(await get(comparisonId));
      await findKinds(comparisonId, quietTask());
      const found = await judgeStatements(store, comparisonId, filter, wish, task);
      bus.publish({ topic: 'changed', lists: ['comparisons'] });
      return found;
    },
    judged: (comparisonId, filter) => store.judgedStatements(comparisonId, filter),
    async findSlices(comparisonId, task) {
      const { counts } = requireReady(await get(comparisonId));
      const stride = Math.ceil(Math.max(1, counts.paired / searchedSamples));
      const characters = Math.floor(searchedCharacters / Math.min(searchedSamples, Math.max(counts.paired, 20_000)));
      const samples: SearchSample[] = [];
      const sort = { column: 'sampleId', direction: 'ascending' } as const;
      const reading = partOf(task, 0, 0.5);
      let seen = 0;
      await store.streamFlips(comparisonId, {}, sort, async (rows) => {
        throwIfCancelled(task);
        for (const row of rows) if (seen++ % stride === 0) samples.push(searchSample(row, characters));
        reading.progress('reading the samples', seen / Math.max(1, counts.paired));
      });
      const searching = partOf(task, 0.5, 1);
      return statistics.calculate<'slice-search'>(
        { kind: 'slice-search', samples },
        { signal: task.signal, onProgress: (fraction) => searching.progress('searching for groups', fraction) },
      );
    },
    async remove(comparisonId) {
      await store.removeComparison(comparisonId);
      bus.publish({ topic: 'changed', lists: ['comparisons'] });
    },
  };
}

/** Tags of a result (an error, a filtered answer) are left out: they follow from the answers that flipped, as outcomes do. */
function searchSample(row: FlipExportRow, characters: number): SearchSample {
  return {
    kind: row.kind,
    text: row.prompt.slice(0, characters),
    tags: row.sampleTags,
    slices: row.slices.slice(0, triedSlices),
    ...lengthOf(row),
  };
}

/** How long an answer is wanted to be. What the old model wrote tells too much of whether it was right to be tried next to it. */
function lengthOf({ target, leftOutput }: FlipExportRow): Pick<SearchSample, 'numbers'> {
  if (target !== null) return { numbers: { 'wanted length': target.length } };
  return leftOutput === null ? {} : { numbers: { 'old output length': leftOutput.length } };
}

function requireReady(comparison: ComparisonRecord): ComparisonRecord {
  if (comparison.state === 'ready') return comparison;
  if (comparison.state === 'failed' && comparison.error !== null) throw WorkbenchError.fromReport(comparison.error);
  throw new WorkbenchError('conflict', 'The comparison is still being built.', { remedy: 'Wait for its job to end.' });
}

/** Looks at every sample; which verdicts count is no part of that. */
function isEmpty({ verdicts: _verdicts, ...filter }: FlipFilter): boolean {
  return Object.values(filter).every((part) => part === undefined);
}

/** What was counted before people corrected verdicts; null where nobody did. */
function correctionsOf({ counts }: ComparisonRecord): ComparisonSummary['corrections'] {
  if (counts.corrected === undefined) return null;
  const { negative, positive } = counts.kinds;
  return { samples: counts.corrected.samples, negativeFlips: negative, positiveFlips: positive };
}

function* kindsOf(codes: Uint8Array): Generator<FlipKind> {
  for (const code of codes) {
    const kind = flipKinds[code];
    if (kind !== undefined) yield kind;
  }
}
